import LarderAPI
import Testing

@Suite struct MethodTests {
  @Test func `paths are in the order of the proto file`() {
    #expect(
      CacheMethod.allPaths == [
        "/larder.v1.Cache/Get", "/larder.v1.Cache/GetMany", "/larder.v1.Cache/Set",
        "/larder.v1.Cache/SetMany", "/larder.v1.Cache/Delete", "/larder.v1.Cache/DeleteMany",
        "/larder.v1.Cache/Increment", "/larder.v1.Cache/Touch",
      ])
    #expect(
      PeerMethod.allPaths == [
        "/larder.v1.Peer/Get", "/larder.v1.Peer/GetMany", "/larder.v1.Peer/Set",
        "/larder.v1.Peer/SetMany", "/larder.v1.Peer/Delete", "/larder.v1.Peer/DeleteMany",
        "/larder.v1.Peer/Increment", "/larder.v1.Peer/Touch",
      ])
    #expect(PeerMethod.reportPath == "/larder.v1.Peer/Report")
    #expect(
      PeerMethod.handoverPaths + [PeerMethod.migratePath] == [
        "/larder.v1.Peer/Seal", "/larder.v1.Peer/Fetch", "/larder.v1.Peer/Migrate",
      ])
    #expect(
      AdminMethod.allPaths == [
        "/larder.v1.Admin/GetStatus", "/larder.v1.Admin/Snapshot",
        "/larder.v1.Admin/CreateNamespace", "/larder.v1.Admin/AlterNamespace",
        "/larder.v1.Admin/DescribeNamespaces", "/larder.v1.Admin/FlushNamespace",
        "/larder.v1.Admin/GetMigrations", "/larder.v1.Admin/SteerMigrations",
        "/larder.v1.Admin/Drain", "/larder.v1.Admin/Plan", "/larder.v1.Admin/SetWeight",
      ])
  }

  @Test func `a method's raw value is the index of its path`() {
    for method in CacheMethod.allCases {
      #expect(CacheMethod.allPaths[method.rawValue] == method.path)
    }
    for method in AdminMethod.allCases {
      #expect(AdminMethod.allPaths[method.rawValue] == method.path)
    }
  }
}
