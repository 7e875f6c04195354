import KeyedRandom

/// Identifies a sample of a run, and with it all random streams of the sample.
///
/// The random draws depend on nothing else: not on the thread that loads the sample, its batch, or earlier samples.
public enum SampleID: Hashable, Sendable {
  /// The sample from a source (its index in the run's list) in an epoch (from 0).
  case training(seed: UInt64, epoch: Int, source: Int)
  /// A validation sample with this index; it is the same in every run and epoch.
  case validation(index: Int)
  /// A sample for a preview.
  case preview(seed: UInt64, row: Int)

  /// The purposes of random draws for a sample.
  public enum Stream: Sendable {
    /// The part of the source to read, and the crop.
    case loading
    /// The augmentation of the pixels.
    case augmentation
    /// What is hidden of clips.
    case mask

    fileprivate var number: UInt64 {
      switch self {
      case .loading: RandomStream.loading.rawValue
      case .augmentation: RandomStream.augmentation.rawValue
      case .mask: RandomStream.mask.rawValue
      }
    }
  }

  /// The key of a stream. A loader appends the number of its attempt.
  public func key(_ stream: Stream) -> [UInt64] {
    switch self {
    case .training(let seed, let epoch, let source):
      [seed, stream.number, UInt64(epoch), UInt64(source)]
    case .validation(let index):
      stream == .augmentation
        ? [RandomStream.validation.rawValue, UInt64(index)]
        : [RandomStream.validation.rawValue, UInt64(index), stream.number]
    case .preview(let seed, let row):
      [seed, RandomStream.preview.rawValue, UInt64(row)]
        + (stream == .loading ? [] : [stream == .augmentation ? 3 : 4])
    }
  }

  /// The generator of a stream.
  public func generator(_ stream: Stream) -> KeyedGenerator { KeyedGenerator(key: key(stream)) }
}
