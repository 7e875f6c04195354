import Configuration
import Foundation
import SafeFiles
import SyntheticData
import Training
import VideoData
import VideoSamples

/// The data of experiments: videos of actions, and pictures or videos for pre-training.
public struct BenchmarkData: Sendable {
  /// The videos, their lists and the split.
  public let dataset: FinetuningConfiguration.Dataset
  /// The folder of the videos.
  public let videos: String
  /// The setting of Moving Sprites; nil for other videos.
  public let sprites: SpriteSetting?
  /// The pictures for pre-training: folders, lists, `synthetic:dead-leaves:N`; empty if none are given.
  public let pictures: [String]
  /// The training videos of Kinetics-400, as folders or lists; empty if none are given.
  public let kinetics: [String]
  /// The folder for lists of the dataset's own videos.
  private let folder: String
  /// The listed videos, whether they exist or not.
  private let listed: ActionDataset
  /// A digest of the existing test videos.
  let testVideos: String

  /// True if all pictures are synthetic.
  var picturesAreSynthetic: Bool { pictures.allSatisfy { $0.hasPrefix("synthetic:") } }

  /// The default pictures for pre-training on Moving Sprites.
  public static let syntheticPictures = "synthetic:dead-leaves:3000"

  /// Describes the data.
  ///
  /// - Parameters:
  ///   - dataset: the videos; Moving Sprites are a CSV dataset.
  ///   - sprites: the description of Moving Sprites, which ``writeSprites(_:to:progress:)`` may not have made yet; nil
  ///     for other videos.
  ///   - pictures: the sources for ``SourceKind/pictures``.
  ///   - kinetics: the sources for ``SourceKind/kinetics``.
  ///   - folder: the folder for lists.
  /// - Throws: `DatasetError`.
  public init(
    dataset: FinetuningConfiguration.Dataset, sprites: SpriteDataset? = nil, pictures: [String],
    kinetics: [String], folder: String
  ) throws {
    self.dataset = dataset
    let description = try dataset.description
    videos = description.videos
    self.sprites = sprites?.setting
    self.pictures = pictures.isEmpty && sprites != nil ? [Self.syntheticPictures] : pictures
    self.kinetics = kinetics
    self.folder = folder
    let isThere = fileExists(at: videos)
    if let sprites, !isThere {
      listed = sprites.listing
    } else {
      listed = try ActionDataset(description)
    }
    testVideos = digest(
      Self.footage(listed, of: listed.evaluationSubset)
        .map { Self.relative($0.path, to: folder) }.joined(separator: "\n"))
  }

  /// Paths inside the folder are relative, so that the folder can be moved.
  private static func relative(_ path: String, to folder: String) -> String {
    path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count)) : path
  }

  /// The videos that exist.
  private static func footage(_ listed: ActionDataset, of subset: Subset) -> [VideoSource] {
    listed.videos(of: subset).compactMap(\.footage)
  }

  /// The datasets whose published results are shown next to ours: its own, or all if it has none.
  public var paperDatasets: [PaperDataset] {
    switch dataset.kind {
    case .hmdb51: [.hmdb51]
    case .ucf101: [.ucf101]
    default: PaperDataset.allCases
    }
  }

  /// True if the videos are Moving Sprites.
  public var isSprites: Bool { sprites != nil }

  /// The name for display; it includes the setting and version of Moving Sprites.
  public var title: String {
    if let sprites {
      return "Moving Sprites (\(sprites.rawValue), version \(sprites.version))" + titlesPlace
    }
    return switch dataset.kind {
    case .hmdb51, .ucf101: "\(dataset.kind.rawValue.uppercased()), split \(dataset.split)"
    default: videos
    }
  }

  /// The title in results of earlier versions of mosi, which had one setting of Moving Sprites.
  var formerTitle: String { sprites == .plain ? "Moving Sprites" + titlesPlace : title }

  private var titlesPlace: String { hasUsualPlace ? "" : " in \(videos)" }

  /// The sources for pre-training unless a recipe chooses others: the frames of the training videos, as in the paper;
  /// pictures for sprites, which are not natural images.
  var usualSources: SourceKind { isSprites ? .pictures : .own }

  /// The settings of the sources of `kind`.
  ///
  /// - Throws: ``MissingData`` if none are given.
  func sources(_ kind: SourceKind) throws -> PretrainingConfiguration.Sources {
    var sources = PretrainingConfiguration.Sources()
    switch kind {
    case .own:
      // No classes are used: the test videos measure how well motions in unseen videos are recognized.
      sources.paths = [listPath(.training)]
      sources.validationPaths = [listPath(listed.evaluationSubset)]
      sources.frameFolders = true
    case .pictures:
      guard !pictures.isEmpty else {
        throw MissingData(problem: "needs pictures: name a folder with --pictures")
      }
      sources.paths = pictures
    case .kinetics:
      guard !kinetics.isEmpty else {
        throw MissingData(
          problem: "needs the videos of Kinetics-400: name their folder with --kinetics")
      }
      sources.paths = kinetics
    }
    return sources
  }

  /// A short name for files of results: `sprites-looks-1`, `hmdb51`, `hmdb51-split2`, or, for formats in which everybody
  /// has other videos, one with the folder's name, `csv-swimming`. It is `sprites` for plain sprites, as before there were
  /// others.
  public var name: String {
    switch dataset.kind {
    case .hmdb51, .ucf101: kindOfVideos
    default:
      hasUsualPlace
        ? kindOfVideos : "\(kindOfVideos)-\(PathParts(videos).name)"
    }
  }

  private var kindOfVideos: String {
    sprites.map(Self.spritesName)
      ?? dataset.kind.rawValue + (dataset.split == 1 ? "" : "-split\(dataset.split)")
  }

  /// The name of the folder of Moving Sprites in the output's folder.
  public static func spritesName(_ setting: SpriteSetting) -> String {
    setting == .plain ? "sprites" : "sprites-\(setting.label)"
  }

  /// True if they are sprites in their default folder.
  private var hasUsualPlace: Bool {
    sprites.map { videos == "\(folder)/\(Self.spritesName($0))" } ?? false
  }

  /// The path differs between datasets, because it is one of the settings that determine the name of a pre-training.
  private func listPath(_ subset: Subset) -> String {
    let origin = digest(
      [
        dataset.kind.rawValue, Self.relative(videos, to: folder), dataset.splits ?? "",
        "\(dataset.split)",
      ].joined(separator: "\n"))
    return "\(folder)/lists/\(kindOfVideos)-\(subset.rawValue)-\(origin).txt"
  }

  /// Writes the lists of the dataset's own videos for ``SourceKind/own``.
  ///
  /// - Throws: ``MissingData`` if none of the videos exists, `FileError`.
  func writeLists() throws {
    for subset in [Subset.training, listed.evaluationSubset] {
      let paths = Self.footage(listed, of: subset).map(\.path)
      guard !paths.isEmpty else {
        throw MissingData(
          problem:
            "none of the \(subset.rawValue) videos is in \(videos): check --data-root, or run mosi "
            + "datasets check")
      }
      let text = Data((paths.joined(separator: "\n") + "\n").utf8)
      guard (try? readFile(at: listPath(subset))) != text else { continue }
      try makeFolder(at: "\(folder)/lists")
      try replaceFile(at: listPath(subset), with: text)
    }
  }

  /// The existing videos of `subset`, or all listed ones if none exists, so that a plan does not need data.
  private func videos(_ subset: Subset) -> [LabeledVideo] {
    let all = listed.videos(of: subset)
    let present = all.filter { $0.footage != nil }
    return present.isEmpty ? all : present
  }

  /// The numbers of sources of `kind` for training and for validation.
  ///
  /// - Throws: `SourceError`.
  func sourceCounts(
    _ kind: SourceKind, _ sources: PretrainingConfiguration.Sources, seed: Int
  ) throws -> (training: Int, heldOut: Int) {
    if kind == .own, sources.paths == [listPath(.training)] {
      let training = videos(.training)
      // The list may not have been written yet.
      let count = sources.maxPerFolder.map { most in
        Dictionary(grouping: training) {
          PathParts($0.footage?.path ?? $0.name).folder
        }.values.reduce(0) { $0 + min($1.count, most) }
      }
      return (count ?? training.count, videos(listed.evaluationSubset).count)
    }
    let found = try PretrainingSources(sources, seed: seed)
    return (found.training.count, found.heldOut.count)
  }

  /// The number of training videos, at most `shots` per class; nil for all.
  func trainingCount(shots: Int?) -> Int {
    guard let shots else { return videos(.training).count }
    return Dictionary(grouping: videos(.training), by: \.label).values.reduce(0) {
      $0 + min($1.count, shots)
    }
  }

  /// The number of videos in the final evaluation of a run.
  var evaluatedCount: Int { listed.videos(of: listed.evaluationSubset).count }

  /// The number of videos in the validations of a run.
  var heldOutCount: Int {
    let validation = listed.videos(of: .validation)
    return validation.isEmpty ? evaluatedCount : validation.count
  }

  var classCount: Int { listed.classNames.count }

  /// Retrieves training videos for the test videos. Missing videos are left out of the search, and count as missed.
  ///
  /// - Parameters:
  ///   - inference: computes the features.
  ///   - progress: called with the number of finished videos and their total.
  /// - Throws: errors of `progress`.
  func retrieval(with inference: VideoInference, progress: (Int, Int) throws -> Void) throws
    -> Retrieval
  {
    let (training, test) = (
      listed.videos(of: .training), listed.videos(of: listed.evaluationSubset)
    )
    return try Retrieval(
      training: training, test: test, classNames: listed.classNames, with: inference
    ) { try progress($0, training.count + test.count) }
  }

  /// The test videos that exist.
  var testFootage: [VideoSource] { Self.footage(listed, of: listed.evaluationSubset) }
}

/// The error if an experiment needs data that are not given or missing.
public struct MissingData: Error, Sendable, CustomStringConvertible {
  /// The problem, as the predicate of a sentence whose subject is the experiment.
  public let problem: String
  public var description: String { problem }
}
