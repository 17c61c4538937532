// What the tests see of the generated code.
#include "../larder/v1/admin.pb-c.h"
#include "../larder/v1/cache.pb-c.h"
