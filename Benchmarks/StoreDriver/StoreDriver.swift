import Glibc

/// A store without a node around it, under threads that do everything at once: for the thread
/// sanitiser (`make tsan`), for hours of mixed sizes (`make soak`), for how much a second thread adds
/// (`make bench-keys`), and for how long a walk holds a shard.
@main
enum StoreDriver {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    let seconds = arguments.dropFirst().first.flatMap(Int.init)
    switch (arguments.first, seconds) {
    case ("stress", let seconds?): exit(Stress.run(seconds: seconds) ? 0 : 1)
    case ("soak", let seconds?): exit(Soak.run(seconds: seconds) ? 0 : 1)
    case ("scale", let seconds?): Scale.run(seconds: seconds)
    case ("walks", nil): Walks.run()
    default:
      print(
        """
        usage: store-driver stress SECONDS   four threads, small memory, every operation
               store-driver soak SECONDS     values of 1 B to 1 MiB; resident memory is watched
               store-driver scale SECONDS    one thread, two threads, and two stores
               store-driver walks            how long steps of a scan, a drop and a count take
        """)
      exit(64)
    }
  }
}
