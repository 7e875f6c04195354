/// Local response normalization (Krizhevsky et al. 2012): divides each number by a power of what it and its neighbors among the
/// channels have in common.
///
/// Input and output are [N, C, T, H, W]. The output is x / (1 + α m)^β, where m is the mean of the squares of the `size` channels
/// around that of x at the same place; channels that do not exist count as zeros. Caffe and PyTorch define it so, too: their
/// `alpha` is that of the sum, which they divide by the size.
public final class LocalResponseNorm: Layer {
  /// The number of channels of a neighborhood, odd.
  public let size: Int
  /// The factor α of the mean of the squares.
  public let alpha: Double
  /// The power β.
  public let beta: Double

  /// A normalization with these constants.
  public init(size: Int, alpha: Double, beta: Double) {
    precondition(size > 0 && size % 2 == 1, "a neighborhood of \(size) channels has no middle")
    self.size = size
    self.alpha = alpha
    self.beta = beta
  }

  public override func callAsFunction(_ input: Tensor) -> Tensor {
    if input.device == .meta { return input }
    var shape = input.shape
    let channels = shape[1]
    shape[1] = size / 2
    // In the memory format of networks: concatenation keeps it only if all parts have it.
    let none = Tensor.zeros(shape, dtype: input.dtype, device: input.device).contiguous(.video)
    let squares = Tensor.concatenated([none, input * input, none], axis: 1)
    // Slices, because the gradient of libtorch's average pooling depends on the order of a GPU's threads.
    let sum = (1..<size).reduce(squares.sliced(1, 0..<channels)) { sum, place in
      sum + squares.sliced(1, place..<place + channels)
    }
    // All logarithms exist: they are of 1 and more.
    return input * ((sum * (alpha / Double(size)) + 1).logarithm() * -beta).exponential()
  }
}
