// What the checks of the C++ client share: the report, and short ways to make a call.
#pragma once

#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "larder/v1/cache.grpc.pb.h"

namespace interop {

namespace pb = larder::v1;
using Cache = pb::Cache::Stub;

inline constexpr std::size_t kMiB = 1024 * 1024;
inline constexpr std::size_t kKeyBytesMax = 64 * 1024;
inline constexpr std::size_t kValueBytesMax = 3 * kMiB;
inline constexpr int kCallSeconds = 30;

/// Prints a line for each check, and counts those that do not hold.
class Report {
 public:
  void check(const std::string& what, bool holds, const std::string& seen = "") {
    std::cout << (holds ? "ok      " : "FAILED  ") << what;
    if (!holds && !seen.empty()) std::cout << ": " << seen;
    std::cout << std::endl;
    if (!holds) ++failures_;
  }

  int failures() const { return failures_; }

 private:
  int failures_ = 0;
};

/// No call may hang the test.
inline void limit(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(kCallSeconds));
}

inline std::string text(const grpc::Status& status) {
  return std::to_string(status.error_code()) + " " + status.error_message();
}

/// Makes one unary call: `call(cache, &Cache::Get, request, &response)`.
template <typename Request, typename Response>
grpc::Status call(
    Cache& cache,
    grpc::Status (Cache::*method)(grpc::ClientContext*, const Request&, Response*),
    const Request& request, Response* response) {
  grpc::ClientContext context;
  limit(context);
  return (cache.*method)(&context, request, response);
}

/// The same, where only success will do: the response, or an empty one and a failed check.
template <typename Request, typename Response>
Response must(
    Report& report, Cache& cache,
    grpc::Status (Cache::*method)(grpc::ClientContext*, const Request&, Response*),
    const Request& request) {
  Response response;
  const grpc::Status status = call(cache, method, request, &response);
  if (!status.ok()) report.check(request.GetTypeName() + " succeeds", false, text(status));
  return response;
}

inline pb::GetRequest get(const std::string& key) {
  pb::GetRequest request;
  request.set_key(key);
  return request;
}

inline pb::SetRequest set(const std::string& key, const std::string& value) {
  pb::SetRequest request;
  request.set_key(key);
  request.set_value(value);
  return request;
}

inline pb::DeleteRequest remove(const std::string& key) {
  pb::DeleteRequest request;
  request.set_key(key);
  return request;
}

/// Each of these makes many checks on a node that other clients may use at the same time.
void checkCalls(Report& report, Cache& cache);
void checkBatches(Report& report, Cache& cache);
void checkErrors(Report& report, Cache& cache);
void checkConcurrency(
    Report& report, Cache& cache, const std::shared_ptr<grpc::Channel>& channel);

}  // namespace interop
