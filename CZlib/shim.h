// zlib: gzip and deflate of single messages for the GRPC module, gzip files for larder simulate.
#include <zlib.h>
