// zlib: gzip and deflate of single messages. Only the GRPC module imports this.
#include <zlib.h>
