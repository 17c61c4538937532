// libnghttp2 frames HTTP/2 for us; Debian 12 ships 1.52. Only the HTTP2 module imports this.
#include <nghttp2/nghttp2.h>
