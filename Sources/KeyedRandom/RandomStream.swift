/// Every purpose for which mosi draws random numbers, as the word of a generator's key that names it.
///
/// The comment of a case gives the whole key, in which `stream` is the case's value. The values are those of the first
/// version and must stay: another value gives other numbers, and thus other runs from the same seed.
public enum RandomStream: UInt64, CaseIterable, Sendable {
  // MARK: Trainings

  /// What is read of a sample's source and where frames are cut: `[seed, stream, epoch, source]`.
  case loading = 1
  /// What happens to a sample's pixels afterwards: `[seed, stream, epoch, source]`.
  case augmentation = 2
  /// A step's dropout: `[seed, stream, step, part]`, a part being one of the batches that make the step.
  case dropout = 3
  /// The samples of preview.png: `[seed, stream, row]` for loading, `[seed, stream, row, 3]` for the pixels.
  case preview = 4
  /// The training videos of each class that a run learns from: `[seed, stream, class]`.
  case shots = 5
  /// The sources of each folder that a run learns from: `[seed, stream, folder]`.
  case folders = 6
  /// The order in which an epoch visits the sources: `[seed, epoch, stream]`.
  case epochOrder = 0x0BDE_B000

  // MARK: What is held out, whatever the seed

  /// The sources that are held out: `[stream]`.
  case heldOutSources = 0x5911_7000
  /// The videos that folders of classes without a split are tested on: `[stream]` and the bytes of CLASS/NAME.
  case heldOutVideos = 0xC1A5_5E5
  /// The samples that a pretext task is validated on: `[stream, sample, 1]` for loading, `[stream, sample]` for the
  /// pixels.
  case validation = 0xACC0_0000

  // MARK: Synthetic data

  /// A picture of dead leaves: `[stream, index]`.
  case deadLeaves = 0xDEAD_1EAF
  /// The noise of all leaves' textures: `[stream]`.
  case leafTexture = 0x1EAF
  /// A video of Moving Sprites: `[stream, seed, scene, 0]` for its looks, `[stream, seed, scene, 1, class]` for its motion.
  case movingSprites = 0x5921_7E5

  // MARK: Analyses

  /// The masked clips on which heat maps are measured: `[stream, source]`.
  case localization = 0x5CA1_AB1E
  /// The centers that k-means begins with, "kmeans": `[seed, stream, restart]`.
  case kMeans = 0x6B_6D65_616E_73
  /// The places that t-SNE begins with, "tsne": `[seed, stream]`.
  case tSNE = 0x7473_6E65
  /// The seed of a network with random weights, "random": `[seed, stream, network]`.
  case randomNetwork = 0x7261_6E64_6F6D
}

extension KeyedGenerator {
  /// The generator whose key is `[stream] + rest`.
  public init(_ stream: RandomStream, _ rest: UInt64...) {
    self.init(key: [stream.rawValue] + rest)
  }

  /// The generator whose key is `[seed, stream] + rest`.
  public init(seed: UInt64, _ stream: RandomStream, _ rest: UInt64...) {
    self.init(key: [seed, stream.rawValue] + rest)
  }
}
