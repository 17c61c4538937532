// Many calls at once, a large value, and calls that are given up.

#include <vector>

#include "checks.h"

namespace interop {
namespace {

constexpr int kCalls = 1000;
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

/// One call of the completion queue; its address is the tag.
struct Pending {
  grpc::ClientContext context;
  grpc::Status status;
  pb::GetResponse response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<pb::GetResponse>> reader;
  std::string expected;
};

void checkManyAtOnce(Report& report, Cache& cache) {
  pb::SetManyRequest sets;
  for (int i = 0; i < kCalls; ++i) {
    *sets.add_items() = set("cpp/many/" + std::to_string(i), std::to_string(i));
  }
  must(report, cache, &Cache::SetMany, sets);

  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<Pending>> calls;
  for (int i = 0; i < kCalls; ++i) {
    auto& pending = *calls.emplace_back(std::make_unique<Pending>());
    pending.expected = std::to_string(i);
    limit(pending.context);
    pending.reader = cache.AsyncGet(&pending.context, get("cpp/many/" + pending.expected), &queue);
    pending.reader->Finish(&pending.response, &pending.status, &pending);
  }
  int right = 0;
  std::string wrong;
  for (int i = 0; i < kCalls; ++i) {
    void* tag = nullptr;
    bool ok = false;
    if (!queue.Next(&tag, &ok)) break;
    const auto& pending = *static_cast<Pending*>(tag);
    if (ok && pending.status.ok() && pending.response.hit().value() == pending.expected) {
      ++right;
    } else {
      wrong = text(pending.status);
    }
  }
  queue.Shutdown();
  report.check("1,000 calls at once on one channel each get their own answer", right == kCalls,
               std::to_string(right) + " did; one ended with " + wrong);
}

void checkLargeValue(Report& report, Cache& cache) {
  std::string value(kValueBytesMax, '\0');
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 7 % 251);
  must(report, cache, &Cache::Set, set("cpp/large", value));
  report.check("a value of 3 MiB makes the round trip",
               must(report, cache, &Cache::Get, get("cpp/large")).hit().value() == value);
  must(report, cache, &Cache::Delete, remove("cpp/large"));
}

void checkWorks(Report& report, Cache& cache, const std::string& after) {
  must(report, cache, &Cache::Set, set("cpp/works", after));
  report.check("calls work after " + after,
               must(report, cache, &Cache::Get, get("cpp/works")).hit().value() == after);
}

void checkGivenUp(
    Report& report, Cache& cache, const std::shared_ptr<grpc::Channel>& channel) {
  const auto health = Health::NewStub(channel);
  HealthCheckResponse response;
  {
    grpc::ClientContext context;
    limit(context);
    const auto watch = health->Watch(&context, HealthCheckRequest());
    report.check("Watch: the status comes at once",
                 watch->Read(&response) && response.status() == HealthCheckResponse::SERVING);
    context.TryCancel();
    const bool more = watch->Read(&response);
    const auto status = watch->Finish();
    report.check("Watch: a cancelled one ends as CANCELLED",
                 !more && status.error_code() == grpc::CANCELLED, text(status));
  }
  checkWorks(report, cache, "a cancelled stream");
  {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
    const auto watch = health->Watch(&context, HealthCheckRequest());
    while (watch->Read(&response)) continue;
    const auto status = watch->Finish();
    report.check("Watch: one past its deadline ends as DEADLINE_EXCEEDED",
                 status.error_code() == grpc::DEADLINE_EXCEEDED, text(status));
  }
  checkWorks(report, cache, "a stream past its deadline");
}

}  // namespace

void checkConcurrency(
    Report& report, Cache& cache, const std::shared_ptr<grpc::Channel>& channel) {
  checkManyAtOnce(report, cache);
  checkLargeValue(report, cache);
  checkGivenUp(report, cache, channel);
}

}  // namespace interop
