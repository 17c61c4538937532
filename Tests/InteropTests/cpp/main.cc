// A gRPC client in C++ that calls everything of larder.v1.Cache and says what it saw.
//
//   interop_client HOST:PORT
//
// Exit status: 0 when every check holds, 1 when one does not, 64 for a wrong command line.

#include "checks.h"

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: interop_client HOST:PORT\n";
    return 64;
  }
  const std::string target = arguments[1];
  const auto channel = grpc::CreateChannel(target, grpc::InsecureChannelCredentials());
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    std::cerr << "interop_client: no connection to " << target << " within 10 s\n";
    return 1;
  }
  const auto cache = larder::v1::Cache::NewStub(channel);

  interop::Report report;
  interop::checkCalls(report, *cache);
  interop::checkBatches(report, *cache);
  interop::checkErrors(report, *cache);
  interop::checkConcurrency(report, *cache, channel);
  if (report.failures() > 0) {
    std::cout << report.failures() << " checks FAILED\n";
    return 1;
  }
  std::cout << "all checks hold\n";
  return 0;
}
