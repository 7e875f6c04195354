import KeyedRandom

/// Names a sample of a run, and with it every random stream that belongs to the sample.
///
/// Nothing else decides what is drawn: neither the thread that loads the sample, nor its batch, nor what was loaded before.
public enum SampleID: Hashable, Sendable {
  /// The sample that an epoch (from 0) takes from a source (the index in the run's list).
  case training(seed: UInt64, epoch: Int, source: Int)
  /// The sample with this index among those that a run validates on: the same in every run and epoch.
  case validation(index: Int)
  /// A sample that is drawn for a person.
  case preview(seed: UInt64, row: Int)

  /// What is drawn for a sample.
  public enum Stream: Sendable {
    /// What is read of the source and where frames are cut.
    case loading
    /// Everything that happens to the pixels afterwards.
    case augmentation

    fileprivate var number: UInt64 {
      (self == .loading ? RandomStream.loading : .augmentation).rawValue
    }
  }

  /// The key of a stream; a loader appends the number of its attempt.
  public func key(_ stream: Stream) -> [UInt64] {
    switch self {
    case .training(let seed, let epoch, let source):
      [seed, stream.number, UInt64(epoch), UInt64(source)]
    case .validation(let index):
      stream == .augmentation
        ? [RandomStream.validation.rawValue, UInt64(index)]
        : [RandomStream.validation.rawValue, UInt64(index), stream.number]
    case .preview(let seed, let row):
      stream == .loading
        ? [seed, RandomStream.preview.rawValue, UInt64(row)]
        : [seed, RandomStream.preview.rawValue, UInt64(row), 3]
    }
  }

  /// The generator of a stream.
  public func generator(_ stream: Stream) -> KeyedGenerator { KeyedGenerator(key: key(stream)) }
}
