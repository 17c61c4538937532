// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),  // SE-0335
  .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
  .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
  .enableExperimentalFeature("Lifetimes"),  // spans stored in structs
]

let nio = "swift-nio"

/// The fuzz targets: replayed over kept inputs by an ordinary test target, or, when scripts/fuzz.sh
/// builds them, linked with libFuzzer's main.
let isFuzzing = Context.environment["LARDER_BUILD_FUZZ"] != nil
let fuzzDependencies: [Target.Dependency] = [
  "Wire", "HTTP2", "CacheStore", "GRPC", "GRPCServices", "LarderAPI", "Etcd", "Node", "TestSupport",
  .product(name: "NIOCore", package: nio),
  .product(name: "NIOPosix", package: nio),
  .product(name: "NIOEmbedded", package: nio),
  .product(name: "Logging", package: "swift-log"),
]
let fuzzTarget: Target =
  isFuzzing
  ? .executableTarget(
    name: "larder-fuzz", dependencies: fuzzDependencies, path: "Tests/FuzzTests",
    exclude: ["Seeds", "Findings", "ReplayTests.swift"], sources: ["Targets", "Driver"],
    swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])])
  : .testTarget(
    name: "FuzzTests", dependencies: fuzzDependencies, path: "Tests/FuzzTests",
    exclude: ["Driver", "Seeds", "Findings"], swiftSettings: strict)

/// One of our modules, under Sources/.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of one module, under Tests/<Module>Tests.
func tests(_ module: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: module + "Tests",
    dependencies: [.byName(name: module)] + dependencies,
    swiftSettings: strict)
}

let package = Package(
  name: "larder",
  products: [
    .executable(name: "larder", targets: ["larder"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CNGHTTP2", path: "CNGHTTP2", pkgConfig: "libnghttp2",
      providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(
      name: "CZlib", path: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // A target imports only targets above it.
    module("Wire"),
    module("HTTP2", ["CNGHTTP2"]),
    module("HashRing"),
    module("CacheStore"),
    module("Snapshot", ["HashRing", "CacheStore"]),
    module(
      "GRPC",
      [
        "Wire", "HTTP2", "CZlib",
        .product(name: "NIOCore", package: nio),
        .product(name: "NIOPosix", package: nio),
        .product(name: "NIOTLS", package: nio),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    module("GRPCServices", ["Wire", "GRPC"]),
    module("LarderAPI", ["Wire"]),
    module(
      "Etcd",
      [
        "Wire", "GRPC",
        .product(name: "NIOCore", package: nio),
        .product(name: "Logging", package: "swift-log"),
      ]),
    module(
      "Cluster",
      [
        "Wire", "HTTP2", "HashRing", "CacheStore", "GRPC", "LarderAPI", "Etcd",
        .product(name: "NIOCore", package: nio),
        .product(name: "Logging", package: "swift-log"),
      ]),
    module(
      "Node",
      [
        "Wire", "HTTP2", "HashRing", "CacheStore", "Snapshot", "GRPC", "GRPCServices",
        "LarderAPI", "Etcd", "Cluster",
        .product(name: "NIOCore", package: nio),
        .product(name: "NIOPosix", package: nio),
        .product(name: "NIOHTTP1", package: nio),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Yams", package: "Yams"),
      ]),
    .executableTarget(
      name: "larder",
      dependencies: [
        "Wire", "HashRing", "CacheStore", "GRPC", "GRPCServices", "LarderAPI", "Node", "CZlib",
        .product(name: "NIOCore", package: nio),
        .product(name: "NIOPosix", package: nio),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: strict),

    // What a call costs before the cache does anything: for the allocation gate and benchmarks.
    .executableTarget(
      name: "echo-server",
      dependencies: [
        "GRPC",
        .product(name: "NIOPosix", package: nio),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Benchmarks/EchoServer", swiftSettings: strict),

    // A store without a node: stress for the thread sanitiser, soak, how it scales.
    .executableTarget(
      name: "store-driver", dependencies: ["HashRing", "CacheStore"],
      path: "Benchmarks/StoreDriver", swiftSettings: strict),

    // What moving entries from node to node costs each of them.
    .executableTarget(
      name: "handover-driver",
      dependencies: [
        "HashRing", "CacheStore", "GRPC", "LarderAPI", "Cluster",
        .product(name: "NIOCore", package: nio),
        .product(name: "NIOPosix", package: nio),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Benchmarks/HandoverDriver", swiftSettings: strict),

    // grpc.testing.TestService, which the public interop cases call.
    .executableTarget(
      name: "interop-server",
      dependencies: [
        "Wire", "GRPC",
        .product(name: "NIOCore", package: nio),
        .product(name: "NIOPosix", package: nio),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/InteropServer", swiftSettings: strict),

    // Frames spelled as bytes, and two sessions joined in memory.
    .target(
      name: "TestSupport", dependencies: ["HTTP2"], path: "Tests/TestSupport",
      swiftSettings: strict),
    fuzzTarget,
    tests("Wire"),
    tests("HTTP2", ["TestSupport"]),
    tests("HashRing"),
    tests("CacheStore"),
    tests("Snapshot", ["HashRing", "CacheStore"]),
    tests(
      "GRPC",
      [
        "Wire", "HTTP2", "TestSupport",
        .product(name: "NIOCore", package: nio),
        .product(name: "NIOPosix", package: nio),
        .product(name: "NIOEmbedded", package: nio),
        .product(name: "NIOTLS", package: nio),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    tests(
      "GRPCServices",
      [
        "Wire", "GRPC", "LarderAPI",
        .product(name: "NIOCore", package: nio),
        .product(name: "NIOPosix", package: nio),
        .product(name: "Logging", package: "swift-log"),
      ]),
    tests("LarderAPI", ["Wire", "ProtobufOracle"]),
    tests(
      "Etcd",
      [
        "Wire", "GRPC", "ProtobufOracle", "EtcdTestSupport",
        .product(name: "NIOCore", package: nio),
        .product(name: "NIOPosix", package: nio),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    tests(
      "Cluster",
      [
        "Wire", "HashRing", "CacheStore", "GRPC", "LarderAPI", "Etcd", "EtcdTestSupport",
        .product(name: "NIOCore", package: nio),
        .product(name: "NIOPosix", package: nio),
        .product(name: "Logging", package: "swift-log"),
      ]),
    // Starts, stops and kills real etcd processes.
    .target(
      name: "EtcdTestSupport", path: "Tests/EtcdTestSupport", swiftSettings: strict),
    // protobuf-c's code for our messages, written by scripts/protos.sh: the judge of our codec.
    .target(
      name: "ProtobufOracle", path: "Tests/ProtobufOracle",
      cSettings: [.headerSearchPath(".")], linkerSettings: [.linkedLibrary("protobuf-c")]),
    tests(
      "Node",
      [
        "Wire", "GRPC", "LarderAPI", "CacheStore", "Snapshot", "Etcd", "Cluster",
        .product(name: "NIOCore", package: nio),
        .product(name: "NIOPosix", package: nio),
        .product(name: "Logging", package: "swift-log"),
      ]),
    tests(
      "larder",
      [
        "Wire", "HashRing", "CacheStore", "GRPC", "LarderAPI", "Node",
        .product(name: "NIOCore", package: nio),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ]
)
