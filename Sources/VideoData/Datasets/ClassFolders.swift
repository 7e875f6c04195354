import KeyedRandom
import Media
import SafeFiles

extension DatasetReading {
  /// Reads class folders: `train/CLASS/*`, `val/CLASS/*` or `validation/CLASS/*`, `test/CLASS/*`; or only `CLASS/*`.
  ///
  /// If there is only `CLASS/*`, a fifth of each class becomes the test subset: at least one video if the class has two.
  /// The choice depends only on the video's own name: not on a seed, so that results are comparable, and not on other
  /// videos, so that adding videos does not move any. Clips of the same source can end up in both subsets; a CSV file
  /// that keeps them apart is better.
  ///
  /// If there are both a video and a folder of its frames, the video is used. Folders without videos, hidden folders and
  /// those that operating systems make are not classes; ``DatasetFinding/notClasses(_:)`` names them.
  mutating func readFolders() throws {
    let folders = try subfolders(of: videosFolder)
    let named = folders.filter { Subset(listed: $0) != nil }
    let others = try folders.filter { try !named.contains($0) && holdsAnything($0) }
    if named.isEmpty
      || !others.isEmpty && !named.contains(where: { Subset(listed: $0) == .training })
    {
      return try readUnsplit(classes: folders)
    }
    if !others.isEmpty {
      guard named.count > 1 else { return try readUnsplit(classes: folders) }
      throw DatasetError.unsuitable(
        path: videosFolder,
        problem: "has \(others[0]) beside \(named.joined(separator: " and ")): "
          + "it must hold folders of classes, or train, val and test with the classes in them")
    }
    notClasses += folders.filter { !named.contains($0) }
    var found: [(subset: Subset, folder: String, className: String, videos: [String])] = []
    for subset in Subset.allCases {
      for name in named where Subset(listed: name) == subset {
        let folder = "\(videosFolder)/\(name)"
        found += try subfolders(of: folder).map { className in
          (subset, folder, className, try videoNames(in: "\(folder)/\(className)"))
        }
      }
    }
    let holding = Set(found.filter { !$0.videos.isEmpty }.map(\.className))
    classNames = holding.sorted(by: naturallyPrecedes)
    notClasses += Set(found.map(\.className)).subtracting(holding).sorted(by: naturallyPrecedes)
    let labels = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, $0) })
    for (subset, folder, className, videos) in found {
      for name in videos {
        try add(name, of: className, in: folder, label: labels[className]!, subset: subset)
      }
    }
    remarkNotClasses()
  }

  private mutating func readUnsplit(classes: [String]) throws {
    for className in classes {
      let names = try videoNames(in: "\(videosFolder)/\(className)")
      guard !names.isEmpty else {
        notClasses.append(className)
        continue
      }
      let label = classNames.count
      classNames.append(className)
      let draws = names.map { name in
        var generator = KeyedGenerator(
          key: [RandomStream.heldOutVideos.rawValue]
            + "\(className)/\(videoStem(name))".utf8.map { UInt64($0) })
        return generator.next()
      }
      let order = names.indices.sorted { draws[$0] < draws[$1] }
      let count = names.count < 2 ? 0 : max(1, Int((Double(names.count) / 5).rounded()))
      let test = Set(order.prefix(count))
      for (index, name) in names.enumerated() {
        try add(
          name, of: className, in: videosFolder, label: label,
          subset: test.contains(index) ? .test : .training)
      }
    }
    remarkNotClasses()
  }

  private mutating func add(
    _ name: String, of className: String, in folder: String, label: Int, subset: Subset
  ) throws {
    let path = "\(folder)/\(className)"
    guard !className.hasControlCharacters, !name.hasControlCharacters else {
      throw DatasetError.unsuitable(
        path: "\(path)/\(name)".printable, problem: "has control characters in its name: rename it")
    }
    try add(
      String("\(path)/\(name)".dropFirst(videosFolder.count + 1)), label: label, subset: subset,
      in: VideoPlaces(names: [name], folders: [path]), at: ListFile.Place(path: path, line: nil))
  }

  /// The names of the folders in `folder` that may be classes; other folders are added to ``notClasses``.
  private mutating func subfolders(of folder: String) throws -> [String] {
    guard let listing = try finder.listing(of: folder) else { return [] }
    let names = listing.folders.keys.sorted(by: naturallyPrecedes)
    notClasses += listing.hiddenFolders.sorted(by: naturallyPrecedes) + names.filter(isOfSystem)
    return names.filter { !isOfSystem($0) }
  }

  /// True if the folder contains videos or folders, which may be videos or classes.
  private func holdsAnything(_ name: String) throws -> Bool {
    try !videoNames(in: "\(videosFolder)/\(name)").isEmpty
  }

  /// The videos and the folders of frames in `folder`.
  private func videoNames(in folder: String) throws -> [String] {
    guard let listing = try finder.listing(of: folder) else { return [] }
    let videos = listing.files.values.filter { MediaKind(path: $0) == .video }
    let taken = Set(videos + videos.map(videoStem))
    return (videos + listing.folders.values.filter { !taken.contains($0) && !isOfSystem($0) })
      .sorted(by: naturallyPrecedes)
  }

  private mutating func remarkNotClasses() {
    var seen: Set<String> = []
    let names = notClasses.filter { seen.insert($0).inserted }
    if !names.isEmpty { remark(.notClasses(names)) }
  }
}

/// True if operating systems, archivers or other programs make folders with this name.
private func isOfSystem(_ name: String) -> Bool {
  ["__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information", "__pycache__"]
    .contains(name)
}
