/// The order of a tensor's elements in memory; raw values are libtorch's.
public enum MemoryFormat: Int, Sendable {
  /// Row-major: neighbors along the last axis are adjacent.
  case contiguous = 0
  /// [N, C, H, W] stored as N, H, W, C.
  case channelsLast = 2
  /// [N, C, T, H, W] stored as N, T, H, W, C, which is fastest for convolutions on CPUs.
  case channelsLast3d = 3

  /// The format of clips and of the weights of 3D convolutions. Everything else uses this constant.
  public static let video = MemoryFormat.channelsLast3d
}
