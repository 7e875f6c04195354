import VideoData

/// The sources of a pre-training, those to learn from and those to be judged by.
public struct PretrainingSources: Sendable {
  public let training: [Source]
  public let heldOut: [Source]
  /// The folders that could not be read.
  public let problemCount: Int

  /// - Parameters:
  ///   - settings: which they are; what is held out depends on nothing else.
  ///   - note: told what is worth a line.
  ///   - warn: told of folders that cannot be read.
  /// - Throws: `SourceError`.
  public init(
    _ settings: PretrainingConfiguration.Sources, note: (String) -> Void = { _ in },
    warn: (String) -> Void = { _ in }
  ) throws {
    var problemCount = 0
    func collect(_ paths: [String]) throws -> SourceCollection {
      let collection = try SourceCollection(paths: paths, frameFolders: settings.frameFolders)
      problemCount += collection.problems.count
      for problem in collection.problems { warn("\(problem.path) \(problem.reason)") }
      for folder in collection.likelyFrameFolders.prefix(1) {
        note(
          "\(folder) looks like a video's frames; each is taken as a picture of its own. "
            + "For one frame a folder: --set sources.frame_folders=true")
      }
      return collection
    }
    let collection = try collect(settings.paths)
    if settings.validationPaths.isEmpty {
      (training, heldOut) = collection.split(heldOut: settings.validationFraction)
    } else {
      heldOut = try collect(settings.validationPaths).sources
      let unseen = Set(heldOut)
      training = collection.sources.filter { !unseen.contains($0) }
      let shared = collection.sources.count - training.count
      if shared > 0 {
        note("\(shared) sources are validated on and therefore not trained on")
      }
    }
    self.problemCount = problemCount
  }
}
