/// The name, type and shape of a tensor in a file.
public struct TensorSummary: Hashable, Sendable {
  /// The name.
  public let name: String
  /// The type of its elements.
  public let dtype: DType
  /// The size of each axis.
  public let shape: [Int]

  /// A summary with these values.
  public init(name: String, dtype: DType, shape: [Int]) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
  }
}
