import KeyedRandom
import Media
import SafeFiles

extension DatasetReading {
  /// Class folders: `train/CLASS/*`, `val/CLASS/*` or `validation/CLASS/*`, `test/CLASS/*`; or `CLASS/*` alone.
  ///
  /// Of the latter a fifth of each class is the test subset, at least one video where a class has two. Which ones
  /// depends on the videos' names alone: on no seed, so that results compare, and on no other video, so that
  /// adding some moves none. Clips of one source fall on both sides; where they exist, a csv file that keeps
  /// them apart is better.
  ///
  /// Where a video stands beside the folder of its frames, the video is taken.
  mutating func readFolders() throws {
    let folders = try finder.listing(of: videosFolder)!.folders.keys.sorted(by: naturallyPrecedes)
    let subsets: KeyValuePairs<String, Subset> = [
      "train": .training, "val": .validation, "validation": .validation, "test": .test,
    ]
    let named = folders.filter { folder in subsets.contains { $0.key == folder } }
    let others = folders.filter { !named.contains($0) }
    if named.isEmpty || others.isEmpty == false && !named.contains("train") {
      return try readUnsplit(classes: folders)
    }
    if !others.isEmpty {
      guard named.count > 1 else { return try readUnsplit(classes: folders) }
      throw DatasetError.unsuitable(
        path: videosFolder,
        problem: "has \(others[0]) beside \(named.joined(separator: " and ")): "
          + "it is to hold folders of classes, or train, val and test with the classes in them")
    }
    var found: [(subset: Subset, folder: String, className: String)] = []
    for (name, subset) in subsets {
      let folder = "\(videosFolder)/\(name)"
      guard let classes = try finder.listing(of: folder)?.folders.keys else { continue }
      found += classes.sorted(by: naturallyPrecedes).map { (subset, folder, $0) }
    }
    classNames = Set(found.map(\.className)).sorted(by: naturallyPrecedes)
    let labels = Dictionary(uniqueKeysWithValues: classNames.enumerated().map { ($1, $0) })
    for (subset, folder, className) in found {
      for name in try videoNames(in: "\(folder)/\(className)") {
        try add(name, of: className, in: folder, label: labels[className]!, subset: subset)
      }
    }
  }

  private mutating func readUnsplit(classes: [String]) throws {
    classNames = classes
    for (label, className) in classes.enumerated() {
      let names = try videoNames(in: "\(videosFolder)/\(className)")
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
      footage: finder.footage(name, in: [path]), at: ListFile.Place(path: path, line: nil))
  }

  /// The videos in `folder`, and the folders of frames.
  private func videoNames(in folder: String) throws -> [String] {
    guard let listing = try finder.listing(of: folder) else { return [] }
    let videos = listing.files.values.filter { MediaKind(path: $0) == .video }
    let taken = Set(videos + videos.map(videoStem))
    return (videos + listing.folders.values.filter { !taken.contains($0) })
      .sorted(by: naturallyPrecedes)
  }
}
