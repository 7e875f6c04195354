import Configuration
import Foundation
import SafeFiles
import SyntheticData
import Training
import VideoData
import VideoSamples

/// The data of experiments: videos of actions, and pictures or videos to pre-train on.
public struct BenchmarkData: Sendable {
  /// The videos, their lists and the split.
  public let dataset: FinetuningConfiguration.Dataset
  /// The folder of the videos.
  public let videos: String
  /// Whether the videos are Moving Sprites.
  public let isSprites: Bool
  /// Pictures to pre-train on: folders, lists, `synthetic:dead-leaves:N`; empty if none are named.
  public let pictures: [String]
  /// The training videos of Kinetics-400, as folders or lists; empty if none are named.
  public let kinetics: [String]
  /// The folder for lists of the dataset's own videos.
  private let folder: String
  /// The listed videos, present or not.
  private let listed: ActionDataset
  /// A digest of the test videos that are present.
  let testVideos: String

  /// Whether all pictures are synthetic.
  var picturesAreSynthetic: Bool { pictures.allSatisfy { $0.hasPrefix("synthetic:") } }

  /// The pictures to pre-train on for Moving Sprites, unless others are named.
  public static let syntheticPictures = "synthetic:dead-leaves:3000"

  /// - Parameters:
  ///   - dataset: the videos; those of Moving Sprites are a csv dataset.
  ///   - sprites: describes Moving Sprites, which ``writeSprites(_:to:progress:)`` may not have made yet; nil for other videos.
  ///   - pictures: the sources of ``SourceKind/pictures``.
  ///   - kinetics: the sources of ``SourceKind/kinetics``.
  ///   - folder: the folder for lists.
  /// - Throws: `DatasetError`.
  public init(
    dataset: FinetuningConfiguration.Dataset, sprites: SpriteDataset? = nil, pictures: [String],
    kinetics: [String], folder: String
  ) throws {
    self.dataset = dataset
    let description = try dataset.description
    videos = description.videos
    isSprites = sprites != nil
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

  /// Paths inside of the folder are relative, so that the folder can move.
  private static func relative(_ path: String, to folder: String) -> String {
    path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count)) : path
  }

  /// The videos that are present.
  private static func footage(_ listed: ActionDataset, of subset: Subset) -> [VideoSource] {
    listed.videos(of: subset).compactMap(\.footage)
  }

  /// The datasets whose published numbers are shown beside ours: its own, or all if it has none.
  public var paperDatasets: [PaperDataset] {
    switch dataset.kind {
    case .hmdb51: [.hmdb51]
    case .ucf101: [.ucf101]
    default: PaperDataset.allCases
    }
  }

  /// Its name for people.
  public var title: String {
    if isSprites {
      return "Moving Sprites" + (hasUsualPlace ? "" : " in \(videos)")
    }
    return switch dataset.kind {
    case .hmdb51, .ucf101: "\(dataset.kind.rawValue.uppercased()), split \(dataset.split)"
    default: videos
    }
  }

  /// The sources to pre-train on unless a recipe names others: the frames of the training videos, as in the paper; for
  /// sprites, which are not natural images, the pictures.
  var usualSources: SourceKind { isSprites ? .pictures : .own }

  /// Settings that name the sources of `kind`.
  ///
  /// - Throws: ``MissingData`` if none are named.
  func sources(_ kind: SourceKind) throws -> PretrainingConfiguration.Sources {
    var sources = PretrainingConfiguration.Sources()
    switch kind {
    case .own:
      // No class is used: the test videos serve to measure how well motions in unseen videos are recognized.
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

  /// A short name for files of results: `sprites`, `hmdb51`, `hmdb51-split2`, or with the folder's name, `csv-swimming`, for
  /// formats of which everybody has other videos.
  public var name: String {
    switch dataset.kind {
    case .hmdb51, .ucf101: kindOfVideos
    default:
      hasUsualPlace
        ? kindOfVideos : "\(kindOfVideos)-\(PathParts(videos).name)"
    }
  }

  private var kindOfVideos: String {
    isSprites
      ? "sprites" : dataset.kind.rawValue + (dataset.split == 1 ? "" : "-split\(dataset.split)")
  }

  /// Whether they are sprites in their default folder.
  private var hasUsualPlace: Bool { isSprites && videos == folder + "/sprites" }

  /// The path differs between datasets, because it is one of the settings that name a pre-training.
  private func listPath(_ subset: Subset) -> String {
    let origin = digest(
      [
        dataset.kind.rawValue, Self.relative(videos, to: folder), dataset.splits ?? "",
        "\(dataset.split)",
      ].joined(separator: "\n"))
    return "\(folder)/lists/\(kindOfVideos)-\(subset.rawValue)-\(origin).txt"
  }

  /// Writes the lists of the dataset's own videos that ``SourceKind/own`` names.
  ///
  /// - Throws: ``MissingData`` if none of the videos is present, `FileError`.
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

  /// The videos of `subset` that are present, or all listed ones if none is, so that a plan needs no data.
  private func videos(_ subset: Subset) -> [LabelledVideo] {
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

  /// The number of videos that a run is finally evaluated on.
  var evaluatedCount: Int { listed.videos(of: listed.evaluationSubset).count }

  /// The number of videos that a run is validated on.
  var heldOutCount: Int {
    let validation = listed.videos(of: .validation)
    return validation.isEmpty ? evaluatedCount : validation.count
  }

  var classCount: Int { listed.classNames.count }

  /// The test videos that are present.
  var testFootage: [VideoSource] { Self.footage(listed, of: listed.evaluationSubset) }
}

/// Data that an experiment needs and that is not named or missing: one sentence.
public struct MissingData: Error, Sendable, CustomStringConvertible {
  public let problem: String
  public var description: String { problem }
}
