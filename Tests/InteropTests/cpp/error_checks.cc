// Each error: its status code, and its reason in google.rpc.ErrorInfo.

#include <cstdint>
#include <limits>

#include "checks.h"

namespace interop {
namespace {

/// The reason in grpc-status-details-bin, or what is wrong with it.
std::string reasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return "(details that are no Status)";
  if (details.code() != status.error_code()) return "(details of another code)";
  google::rpc::ErrorInfo info;
  if (details.details_size() != 1 || !details.details(0).UnpackTo(&info)) return "(no ErrorInfo)";
  if (info.domain() != "larder") return "(a domain that is not larder)";
  return info.reason();
}

template <typename Request, typename Response>
void refused(
    Report& report, Cache& cache, grpc::StatusCode code, const std::string& reason,
    grpc::Status (Cache::*method)(grpc::ClientContext*, const Request&, Response*),
    const Request& request) {
  Response response;
  const grpc::Status status = call(cache, method, request, &response);
  report.check(request.GetTypeName() + ": " + reason,
               status.error_code() == code && reasonOf(status) == reason,
               text(status) + " " + reasonOf(status));
}

void checkKeys(Report& report, Cache& cache) {
  const std::string long_key(kKeyBytesMax + 1, 'k');
  refused(report, cache, grpc::INVALID_ARGUMENT, "KEY_EMPTY", &Cache::Get, get(""));
  refused(report, cache, grpc::INVALID_ARGUMENT, "KEY_EMPTY", &Cache::Set, set("", "v"));
  refused(report, cache, grpc::INVALID_ARGUMENT, "KEY_TOO_LONG", &Cache::Get, get(long_key));
  refused(report, cache, grpc::INVALID_ARGUMENT, "KEY_TOO_LONG", &Cache::Set, set(long_key, "v"));
  const std::string longest(kKeyBytesMax, 'k');
  must(report, cache, &Cache::Set, set(longest, "v"));
  report.check("a key of exactly 64 KiB is taken",
               must(report, cache, &Cache::Get, get(longest)).hit().value() == "v");
  auto elsewhere = get("k");
  elsewhere.set_namespace_("no-such-namespace");
  refused(report, cache, grpc::NOT_FOUND, "NAMESPACE_UNKNOWN", &Cache::Get, elsewhere);
}

/// C++'s generated code would refuse to hold such a key, so the bytes are sent as they are.
void checkKeyThatIsNotUtf8(Report& report, Cache& cache) {
  pb::GetRequest request;
  request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(1, "\xff\xfe");
  refused(report, cache, grpc::INVALID_ARGUMENT, "KEY_NOT_UTF8", &Cache::Get, request);
}

void checkLimits(Report& report, Cache& cache) {
  const std::string key = "cpp/limits";
  auto request = set(key, "v");
  request.set_ttl_ms(0);
  refused(report, cache, grpc::INVALID_ARGUMENT, "TTL_INVALID", &Cache::Set, request);
  request.set_ttl_ms(std::uint64_t{1} << 63);
  refused(report, cache, grpc::INVALID_ARGUMENT, "TTL_TOO_LONG", &Cache::Set, request);
  refused(report, cache, grpc::RESOURCE_EXHAUSTED, "VALUE_TOO_LARGE", &Cache::Set,
          set(key, std::string(kValueBytesMax + 1, 'v')));
  refused(report, cache, grpc::RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", &Cache::Set,
          set(key, std::string(4 * kMiB, 'v')));
  pb::GetManyRequest batch;
  for (int i = 0; i < 1'000'000; ++i) batch.add_keys("k");
  refused(report, cache, grpc::RESOURCE_EXHAUSTED, "BATCH_TOO_LARGE", &Cache::GetMany, batch);
}

void checkIncrements(Report& report, Cache& cache) {
  pb::IncrementRequest request;
  request.set_key("cpp/text");
  request.set_delta(1);
  must(report, cache, &Cache::Set, set("cpp/text", "no number"));
  refused(report, cache, grpc::FAILED_PRECONDITION, "VALUE_NOT_A_NUMBER", &Cache::Increment,
          request);
  const auto most = std::to_string(std::numeric_limits<std::int64_t>::max());
  must(report, cache, &Cache::Set, set("cpp/text", most));
  refused(report, cache, grpc::OUT_OF_RANGE, "INCREMENT_OVERFLOW", &Cache::Increment, request);
  report.check("a refused Increment changes nothing",
               must(report, cache, &Cache::Get, get("cpp/text")).hit().value() == most);
}

}  // namespace

void checkErrors(Report& report, Cache& cache) {
  checkKeys(report, cache);
  checkKeyThatIsNotUtf8(report, cache);
  checkLimits(report, cache);
  checkIncrements(report, cache);
}

}  // namespace interop
