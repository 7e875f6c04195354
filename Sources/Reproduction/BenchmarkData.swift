import Configuration
import Foundation
import SafeFiles
import Training
import VideoData
import VideoSamples

/// What experiments are made on: videos with actions, and pictures or videos to pre-train on.
public struct BenchmarkData: Sendable {
  /// The videos, their lists and the split.
  public let dataset: FinetuningConfiguration.Dataset
  /// The folder of the videos.
  public let videos: String
  /// Whether the videos are Moving Sprites.
  public let isSprites: Bool
  /// Pictures to pre-train on: folders, lists, `synthetic:dead-leaves:N`; none where nobody has named any.
  public let pictures: [String]
  /// The training videos of Kinetics-400, as folders or lists; none where nobody has named any.
  public let kinetics: [String]
  /// The folder in which lists of the dataset's own videos are put.
  private let folder: String
  /// The videos of the lists, present or not.
  private let listed: ActionDataset
  /// A number that changes with the test videos that are there.
  let testVideos: String

  /// Whether the pictures lie in no folders, being drawn.
  var picturesAreSynthetic: Bool { pictures.allSatisfy { $0.hasPrefix("synthetic:") } }

  /// The pictures that Moving Sprites are pre-trained for where nobody names others.
  public static let syntheticPictures = "synthetic:dead-leaves:3000"

  /// - Parameters:
  ///   - dataset: the videos; those of Moving Sprites are a csv dataset.
  ///   - sprites: what Moving Sprites are made of where
  ///     ``writeSprites(_:to:progress:)`` has yet to make them; nil for other videos.
  ///   - pictures: what ``SourceKind/pictures`` are.
  ///   - kinetics: what ``SourceKind/kinetics`` are.
  ///   - folder: where lists are put.
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
    let isThere = FileManager.default.fileExists(atPath: videos)
    if let sprites, !isThere {
      listed = sprites.listing
    } else {
      listed = try ActionDataset(description)
    }
    testVideos = digest(
      Self.footage(listed, of: listed.evaluationSubset)
        .map { Self.relative($0.path, to: folder) }.joined(separator: "\n"))
  }

  /// What moves with the folder keeps its name.
  private static func relative(_ path: String, to folder: String) -> String {
    path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count)) : path
  }

  /// The videos that are there.
  private static func footage(_ listed: ActionDataset, of subset: Subset) -> [VideoSource] {
    listed.videos(of: subset).compactMap(\.footage)
  }

  /// The datasets whose published numbers stand beside ours: its own, or for the trend all.
  public var paperDatasets: [PaperDataset] {
    switch dataset.kind {
    case .hmdb51: [.hmdb51]
    case .ucf101: [.ucf101]
    case .kinetics, .csv, .folders: PaperDataset.allCases
    }
  }

  /// What people call it.
  public var title: String {
    if isSprites {
      return "Moving Sprites" + (hasUsualPlace ? "" : " in \(videos)")
    }
    return switch dataset.kind {
    case .hmdb51, .ucf101: "\(dataset.kind.rawValue.uppercased()), split \(dataset.split)"
    case .kinetics, .csv, .folders: videos
    }
  }

  /// The paths to pre-train on where a recipe says nothing: the frames of the training videos as in the paper, of sprites,
  /// which nobody would call natural, the pictures.
  var usualSources: SourceKind { isSprites ? .pictures : .own }

  /// Settings that name the sources of `kind`.
  ///
  /// - Throws: ``MissingData`` where nobody has named them.
  func sources(_ kind: SourceKind) throws -> PretrainingConfiguration.Sources {
    var sources = PretrainingConfiguration.Sources()
    switch kind {
    case .own:
      // No label is used: the test videos tell how well motions of unseen footage are told.
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

  /// A short name of the videos, for files of results: `sprites`, `hmdb51`, `hmdb51-split2`; where everybody has others,
  /// with the name of their folder, `csv-swimming`.
  public var name: String {
    switch dataset.kind {
    case .hmdb51, .ucf101: kindOfVideos
    case .kinetics, .csv, .folders:
      hasUsualPlace
        ? kindOfVideos : "\(kindOfVideos)-\((videos as NSString).lastPathComponent)"
    }
  }

  private var kindOfVideos: String {
    isSprites
      ? "sprites" : dataset.kind.rawValue + (dataset.split == 1 ? "" : "-split\(dataset.split)")
  }

  /// Whether they are sprites where this makes them.
  private var hasUsualPlace: Bool { isSprites && videos == folder + "/sprites" }

  /// Another dataset has another list, since a pre-training is named by its settings, and its list's path is one of them.
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
  /// - Throws: ``MissingData`` where none of the videos is there, `FileError`.
  func writeLists() throws {
    for subset in [Subset.training, listed.evaluationSubset] {
      let paths = Self.footage(listed, of: subset).map(\.path)
      guard !paths.isEmpty else {
        throw MissingData(
          problem:
            "none of the \(subset.rawValue) videos is in \(videos): check --videos, or run mosi "
            + "datasets check")
      }
      let text = Data((paths.joined(separator: "\n") + "\n").utf8)
      guard (try? readFile(at: listPath(subset))) != text else { continue }
      try makeFolder(at: "\(folder)/lists")
      try replaceFile(at: listPath(subset), with: text)
    }
  }

  /// The videos of `subset` that are there, or where none is, as for a plan without the data, those listed.
  private func videos(_ subset: Subset) -> [LabelledVideo] {
    let all = listed.videos(of: subset)
    let present = all.filter { $0.footage != nil }
    return present.isEmpty ? all : present
  }

  /// The numbers of sources of `kind` to train on and to be judged by.
  ///
  /// - Throws: `SourceError`.
  func sourceCounts(
    _ kind: SourceKind, _ sources: PretrainingConfiguration.Sources, seed: Int
  ) throws -> (training: Int, heldOut: Int) {
    if kind == .own, sources.paths == [listPath(.training)] {
      return (videos(.training).count, videos(listed.evaluationSubset).count)
    }
    let found = try PretrainingSources(sources, seed: seed)
    return (found.training.count, found.heldOut.count)
  }

  /// The number of training videos, at most `shots` of each class; nil for all.
  func trainingCount(shots: Int?) -> Int {
    guard let shots else { return videos(.training).count }
    return Dictionary(grouping: videos(.training), by: \.label).values.reduce(0) {
      $0 + min($1.count, shots)
    }
  }

  /// The number of videos that a run is judged by at its end.
  var evaluatedCount: Int { listed.videos(of: listed.evaluationSubset).count }

  /// The number of videos that a run is judged by while it goes.
  var heldOutCount: Int {
    let validation = listed.videos(of: .validation)
    return validation.isEmpty ? evaluatedCount : validation.count
  }

  var classCount: Int { listed.classNames.count }

  /// The test videos that are there.
  var testFootage: [VideoSource] { Self.footage(listed, of: listed.evaluationSubset) }
}

/// What an experiment needs and nobody has named, or is not there.
public struct MissingData: Error, Sendable, CustomStringConvertible {
  public let problem: String
  public var description: String { problem }
}
