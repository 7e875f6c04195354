import SafeFiles
import Torch

/// The invalid numbers in a tensor of weights, which no successful training produces.
public struct UnsoundNumbers: Encodable, Sendable, Equatable {
  /// What is invalid about the numbers.
  public enum Kind: String, Encodable, Sendable {
    /// NaN or infinite.
    case notFinite = "not finite"
    /// A running variance is negative, and its square root NaN.
    case negativeVariance = "below 0"
  }

  /// The name of the tensor in its file.
  public let tensor: String
  /// What is invalid about the numbers.
  public let kind: Kind
  /// The number of invalid numbers.
  public let count: Int
  /// The number of elements of the tensor.
  public let total: Int

  /// The tensor with its count, such as "fc.weight (3 of 64)".
  public var words: String {
    "\(tensor) (\(Format.grouped(count)) of \(Format.grouped(total)))"
  }

  /// The invalid numbers in `tensors`, sorted by name.
  static func all(in tensors: [String: Tensor]) -> [UnsoundNumbers] {
    tensors.sorted { $0.key < $1.key }.compactMap { name, tensor in
      guard tensor.dtype.isFloatingPoint else { return nil }
      func found(_ kind: Kind, _ sound: Tensor) -> UnsoundNumbers? {
        let count = tensor.count - Int(sound.to(.int64).sum().item)
        return count == 0
          ? nil : UnsoundNumbers(tensor: name, kind: kind, count: count, total: tensor.count)
      }
      if let unsound = found(.notFinite, tensor.finite()) { return unsound }
      guard name.hasSuffix("running_var") else { return nil }
      return found(
        .negativeVariance, tensor.greaterOrEqual(to: Tensor.zeros([], dtype: tensor.dtype)))
    }
  }
}

extension [UnsoundNumbers] {
  /// Why such weights cannot be used, as the predicate of a sentence whose subject is the file; nil if there are none.
  var problem: String? {
    guard let first else { return nil }
    let others = count == 1 ? "" : " and \(Format.count(count - 1, "other tensor"))"
    switch first.kind {
    case .notFinite:
      return
        "cannot be used: \(first.words)\(others) has numbers that are NaN or infinite, as a diverged training leaves "
        + "them; take an earlier checkpoint"
    case .negativeVariance:
      return
        "cannot be used: \(first.words)\(others) has variances below 0; the file is damaged, or not a network of "
        + "this kind"
    }
  }
}
