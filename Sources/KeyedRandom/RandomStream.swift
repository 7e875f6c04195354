/// The purposes for which mosi draws random numbers. Each is a component of the generator's key.
///
/// The comment of each case gives the complete key, in which `stream` is the value of the case. The values must not
/// change: other values would give other random numbers, and thus other runs with the same seed.
public enum RandomStream: UInt64, CaseIterable, Sendable {
  // MARK: Trainings

  /// The part of a source that a sample reads, and the crop: `[seed, stream, epoch, source]`.
  case loading = 1
  /// The augmentation of a sample's pixels: `[seed, stream, epoch, source]`.
  case augmentation = 2
  /// The dropout of a step: `[seed, stream, step, part]`, where a part is one of the step's batches.
  case dropout = 3
  /// The samples of preview.png: `[seed, stream, row]` for loading, `[seed, stream, row, 3]` for the pixels,
  /// `[seed, stream, row, 4]` for what is hidden.
  case preview = 4
  /// The training videos per class in a run with few labels: `[seed, stream, class]`.
  case shots = 5
  /// The sources per folder in a run with a limit: `[seed, stream, folder]`.
  case folders = 6
  /// The hidden parts of a sample's clips, and what is drawn after them: `[seed, stream, epoch, source]`.
  case mask = 7
  /// The order of the sources in an epoch: `[seed, epoch, stream]`.
  case epochOrder = 0x0BDE_B000

  // MARK: Validation and test sets, which do not depend on the seed

  /// The sources of the validation set: `[stream]`.
  case heldOutSources = 0x5911_7000
  /// The test videos of class folders without a split: `[stream]` and the bytes of CLASS/NAME.
  case heldOutVideos = 0xC1A5_5E5
  /// The samples for the validation of a pretext task: `[stream, sample, 1]` for loading, `[stream, sample]` for the
  /// pixels.
  case validation = 0xACC0_0000

  // MARK: Synthetic data

  /// A dead leaves picture: `[stream, index]`.
  case deadLeaves = 0xDEAD_1EAF
  /// The noise in the textures of all leaves: `[stream]`.
  case leafTexture = 0x1EAF
  /// A video of moving shapes: `[stream, seed, index]`, or `[stream, seed, index, bits]` with bits of the sample's
  /// loading stream if each sample shows another one.
  case shapeVideo = 0x5AA9_E5
  /// A texture of the shapes: `[stream, index]`.
  case shapeTexture = 0x5AA9_7E
  /// A Moving Sprites video: `[stream, seed, scene, 0]` for its appearance, `[stream, seed, scene, 1, class]` for its
  /// motion, `[stream, seed, five scenes, 2, class]` for its look.
  case movingSprites = 0x5921_7E5

  // MARK: Analyses

  /// The masked clips on which heat maps are evaluated: `[stream, source]`.
  case localization = 0x5CA1_AB1E
  /// The initial centers of k-means, "kmeans": `[seed, stream, restart]`.
  case kMeans = 0x6B_6D65_616E_73
  /// The initial positions of t-SNE, "tsne": `[seed, stream]`.
  case tSNE = 0x7473_6E65
  /// The seed of a network with random weights, "random": `[seed, stream, network]`.
  case randomNetwork = 0x7261_6E64_6F6D
}

extension KeyedGenerator {
  /// A generator with the key `[stream] + rest`.
  public init(_ stream: RandomStream, _ rest: UInt64...) {
    self.init(key: [stream.rawValue] + rest)
  }

  /// A generator with the key `[seed, stream] + rest`.
  public init(seed: UInt64, _ stream: RandomStream, _ rest: UInt64...) {
    self.init(key: [seed, stream.rawValue] + rest)
  }
}
