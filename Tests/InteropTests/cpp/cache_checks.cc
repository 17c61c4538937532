// Every call of larder.v1.Cache: on one key, and in batches.

#include "checks.h"

namespace interop {
namespace {

constexpr std::uint64_t kHourMilliseconds = 3'600'000;

void checkGetAndSet(Report& report, Cache& cache) {
  const std::string key = "cpp/get-set";
  report.check("Get: an absent key is a miss",
               must(report, cache, &Cache::Get, get(key + "/absent")).has_miss());

  auto request = set(key, std::string("bytes \0 and \xff", 13));
  request.set_flags(0xFFFFFFFF);
  request.set_ttl_ms(kHourMilliseconds);
  const auto stored = must(report, cache, &Cache::Set, request);
  report.check("Set: stored, with a version", stored.stored() && stored.version() > 0);

  const auto got = must(report, cache, &Cache::Get, get(key));
  report.check("Get: the value comes back as it went", got.hit().value() == request.value());
  report.check("Get: the version is that of the Set", got.hit().version() == stored.version());
  report.check("Get: the flags come back", got.hit().flags() == 0xFFFFFFFF);
  report.check("Get: the time left is reported",
               got.hit().ttl_ms() > 0 && got.hit().ttl_ms() <= kHourMilliseconds);
  report.check("Get: the owner answered, and not a stale copy",
               got.hit().source() == pb::SOURCE_OWNER && !got.hit().stale());

  request.set_no_expiry(true);
  const auto again = must(report, cache, &Cache::Set, request);
  report.check("Set: the version grows", again.version() > stored.version());
  report.check("Set: no_expiry takes the expiry away",
               must(report, cache, &Cache::Get, get(key)).hit().ttl_ms() == 0);
}

void checkConditions(Report& report, Cache& cache) {
  const std::string key = "cpp/conditions";
  must(report, cache, &Cache::Delete, remove(key));

  auto present = set(key, "present");
  present.set_if_present(true);
  report.check("Set if_present: not over nothing",
               !must(report, cache, &Cache::Set, present).stored());
  auto absent = set(key, "absent");
  absent.set_if_absent(true);
  const auto first = must(report, cache, &Cache::Set, absent);
  report.check("Set if_absent: once", first.stored());
  const auto second = must(report, cache, &Cache::Set, absent);
  report.check("Set if_absent: not twice, and the version is the one that stands",
               !second.stored() && second.version() == first.version());
  auto versioned = set(key, "versioned");
  versioned.set_if_version(first.version());
  report.check("Set if_version: over that version",
               must(report, cache, &Cache::Set, versioned).stored());
  report.check("Set if_version: not over another",
               !must(report, cache, &Cache::Set, versioned).stored());
}

void checkDeleteIncrementTouch(Report& report, Cache& cache) {
  const std::string key = "cpp/counter";
  must(report, cache, &Cache::Delete, remove(key));
  report.check("Delete: nothing there, nothing deleted",
               !must(report, cache, &Cache::Delete, remove(key)).deleted());

  pb::IncrementRequest increment;
  increment.set_key(key);
  increment.set_initial(100);
  increment.set_delta(-3);
  const auto counted = must(report, cache, &Cache::Increment, increment);
  report.check("Increment: initial and a negative delta", counted.value() == 97,
               std::to_string(counted.value()));
  report.check("Increment: again", must(report, cache, &Cache::Increment, increment).value() == 94);
  report.check("Increment: Get shows decimal text",
               must(report, cache, &Cache::Get, get(key)).hit().value() == "94");

  pb::TouchRequest touch;
  touch.set_key(key);
  touch.set_ttl_ms(kHourMilliseconds);
  report.check("Touch: found", must(report, cache, &Cache::Touch, touch).found());
  const auto ttl = must(report, cache, &Cache::Get, get(key)).hit().ttl_ms();
  report.check("Touch: the expiry changed", ttl > 0 && ttl <= kHourMilliseconds);

  report.check("Delete: deleted", must(report, cache, &Cache::Delete, remove(key)).deleted());
  report.check("Delete: a miss after it", must(report, cache, &Cache::Get, get(key)).has_miss());
  report.check("Touch: not found after it", !must(report, cache, &Cache::Touch, touch).found());
}

}  // namespace

void checkCalls(Report& report, Cache& cache) {
  checkGetAndSet(report, cache);
  checkConditions(report, cache);
  checkDeleteIncrementTouch(report, cache);
}

void checkBatches(Report& report, Cache& cache) {
  pb::SetManyRequest sets;
  pb::GetManyRequest gets;
  pb::DeleteManyRequest deletes;
  for (const char* key : {"cpp/batch/a", "", "cpp/batch/b"}) {
    *sets.add_items() = set(key, std::string("value of ") + key);
    gets.add_keys(key);
    deletes.add_keys(key);
  }
  const auto stored = must(report, cache, &Cache::SetMany, sets);
  report.check("SetMany: an answer for each item", stored.results_size() == 3);
  if (stored.results_size() != 3) return;
  report.check("SetMany: good items are stored",
               stored.results(0).ok().stored() && stored.results(2).ok().stored());
  report.check("SetMany: one bad item fails alone",
               stored.results(1).error().reason() == "KEY_EMPTY" &&
                   stored.results(1).error().code() == grpc::INVALID_ARGUMENT);

  gets.add_keys("cpp/batch/absent");
  const auto got = must(report, cache, &Cache::GetMany, gets);
  report.check("GetMany: hit, error, hit, miss, in order",
               got.results_size() == 4 && got.results(0).hit().value() == "value of cpp/batch/a" &&
                   got.results(1).has_error() &&
                   got.results(2).hit().value() == "value of cpp/batch/b" &&
                   got.results(3).has_miss(),
               got.ShortDebugString());

  const auto deleted = must(report, cache, &Cache::DeleteMany, deletes);
  report.check("DeleteMany: deleted, error, deleted",
               deleted.results_size() == 3 && deleted.results(0).ok().deleted() &&
                   deleted.results(1).has_error() && deleted.results(2).ok().deleted(),
               deleted.ShortDebugString());
}

}  // namespace interop
