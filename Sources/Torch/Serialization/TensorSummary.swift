/// What a file says of one of its tensors.
public struct TensorSummary: Hashable, Sendable {
  public let name: String
  public let dtype: DType
  /// The extent of each axis.
  public let shape: [Int]

  public init(name: String, dtype: DType, shape: [Int]) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
  }
}
