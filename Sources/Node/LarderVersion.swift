/// What this software is called where it names itself.
public enum LarderVersion {
  /// Semantic version of this release, as `larder --version` prints it.
  public static let current = "0.1.0"
}
