/// The order of a tensor's elements in memory; raw values are libtorch's.
public enum MemoryFormat: Int, Sendable {
  /// Row-major: the last axis is the fastest.
  case contiguous = 0
  /// [N, C, H, W] stored as N, H, W, C.
  case channelsLast = 2
  /// [N, C, T, H, W] stored as N, T, H, W, C: what convolutions on CPUs like best.
  case channelsLast3d = 3

  /// The one in which clips and the weights of 3D convolutions lie: chosen here alone.
  public static let video = MemoryFormat.channelsLast3d
}
