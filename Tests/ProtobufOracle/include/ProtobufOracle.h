// What the tests see of the generated code.
#include "../etcd/kv.pb-c.h"
#include "../etcd/rpc.pb-c.h"
#include "../larder/v1/admin.pb-c.h"
#include "../larder/v1/cache.pb-c.h"
#include "../larder/v1/peer.pb-c.h"
