import Media

/// The lists in a folder, classified by their names.
struct ListFolder {
  let path: String
  /// The names of the lists of videos with their subsets, in natural order. Each list is that of one subset, such as
  /// `val.csv` or
  /// `kinetics-400_train.csv`.
  private(set) var lists: [(name: String, subset: Subset)] = []
  /// The names of the lists of classes.
  private(set) var classLists: [String] = []

  /// Classifies the files of a folder.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - listing: the content of the folder.
  ///   - extensions: the extensions of lists of videos, in lower case.
  ///   - classExtensions: the extensions of lists of classes.
  init(
    _ path: String, _ listing: VideoFinder.Listing, extensions: Set<String>,
    classExtensions: Set<String>
  ) {
    self.path = path
    for name in listing.files.keys.sorted(by: naturallyPrecedes) {
      let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) ?? name.endIndex
      let ending = name[dot...].dropFirst().lowercased()
      if extensions.contains(ending), let subset = subset(ofList: name) {
        lists.append((name, subset))
      } else if classExtensions.contains(ending), !words(name).isDisjoint(with: classWords) {
        classLists.append(name)
      }
    }
  }

  /// The same without the lists of videos for whose names `isIncluded` returns false.
  func filtered(_ isIncluded: (String) -> Bool) -> ListFolder {
    var folder = self
    folder.lists = lists.filter { isIncluded($0.name) }
    return folder
  }

  /// The path of the only list of classes; nil if there is none.
  ///
  /// - Throws: ``DatasetError`` if there are several.
  var classList: String? {
    get throws {
      guard classLists.count < 2 else {
        throw DatasetError.unsuitable(
          path: path,
          problem:
            "has the lists of classes \(classLists[0]) and \(classLists[1]): keep one of them")
      }
      return classLists.first.map { "\(path)/\($0)" }
    }
  }

  /// The paths and subsets of the lists of videos, at most one per subset.
  ///
  /// - Throws: ``DatasetError`` if two lists are for the same subset.
  var onePerSubset: [(path: String, subset: Subset)] {
    get throws {
      for (index, list) in lists.enumerated() {
        if let other = lists[..<index].first(where: { $0.subset == list.subset }) {
          throw DatasetError.unsuitable(
            path: path,
            problem: "has the lists \(other.name) and \(list.name) for \(list.subset.rawValue): "
              + "keep one of them")
        }
      }
      return lists.map { ("\(path)/\($0.name)", $0.subset) }
    }
  }
}

extension DatasetReading {
  /// The lists of a kind that needs a folder of lists.
  ///
  /// - Parameter expected: a description of the folder's content, for errors.
  /// - Throws: ``DatasetError`` if there is no folder, or if it contains no list of videos.
  func listFolder(
    _ splits: String?, expected: String, extensions: Set<String>, classExtensions: Set<String>
  ) throws -> ListFolder {
    guard let splits else {
      throw DatasetError.unsuitable(path: videosFolder, problem: "has no lists: \(expected)")
    }
    guard let listing = try finder.listing(of: splits) else {
      // If it is not a folder, reading it as a file gives the right error.
      _ = try ListFile(splits, expected: expected)
      throw DatasetError.unsuitable(path: splits, problem: "is a file: \(expected)")
    }
    let folder = ListFolder(
      splits, listing, extensions: extensions, classExtensions: classExtensions)
    guard !folder.lists.isEmpty else {
      throw DatasetError.unsuitable(path: splits, problem: "has no lists: \(expected)")
    }
    return folder
  }
}

/// Words in the names of lists of classes.
private let classWords: Set<String> = [
  "map", "class", "classes", "label", "labels", "vocab", "vocabulary",
]

/// The words of a file's name, in lower case.
private func words(_ name: String) -> Set<String> {
  Set(name.lowercased().split { !$0.isLetter }.map(String.init))
}

/// The subset in the name of a list such as `val.csv` or `kinetics-400_train.csv`; nil if it names none.
func subset(ofList name: String) -> Subset? {
  let found = Set(words(name).compactMap { Subset(listed: $0) })
  return found.count == 1 ? found.first : nil
}

extension Subset {
  /// The folders that may contain its videos, the most likely first: `root`, and the usual names for folders of one
  /// subset.
  func folders(below root: String) -> [String] {
    let names =
      switch self {
      case .training: ["train"]
      case .validation: ["val", "validate", "validation"]
      case .test: ["test"]
      }
    return [root] + names.map { "\(root)/\($0)" }
  }
}
