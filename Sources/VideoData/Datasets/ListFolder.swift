import Media

/// The lists in a folder, by what their names say they are.
struct ListFolder {
  let path: String
  /// The names of lists of videos with their subsets, in natural order; each name is that of one subset, as `val.csv` or
  /// `kinetics-400_train.csv`.
  private(set) var lists: [(name: String, subset: Subset)] = []
  /// The names of lists of classes.
  private(set) var classLists: [String] = []

  /// - Parameters:
  ///   - path: the folder.
  ///   - listing: what it holds.
  ///   - extensions: those of lists of videos, in small letters.
  ///   - classExtensions: those of lists of classes.
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

  /// The same without the lists of videos for whose names `isIncluded` is false.
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

  /// The paths of the lists, of which there is at most one for each subset, with their subsets.
  ///
  /// - Throws: ``DatasetError`` if two lists are for one subset.
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
  /// The lists that a kind needs a folder of.
  ///
  /// - Parameter expected: what the folder should hold, for errors.
  /// - Throws: ``DatasetError`` if there is no folder or it holds no list of videos.
  func listFolder(
    _ splits: String?, expected: String, extensions: Set<String>, classExtensions: Set<String>
  ) throws -> ListFolder {
    guard let splits else {
      throw DatasetError.unsuitable(path: videosFolder, problem: "has no lists: \(expected)")
    }
    guard let listing = try finder.listing(of: splits) else {
      // What is there but no folder is told by the reading of a file in it.
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

/// The words of names of lists of classes.
private let classWords: Set<String> = [
  "map", "class", "classes", "label", "labels", "vocab", "vocabulary",
]

/// The words of a file's name, in small letters.
private func words(_ name: String) -> Set<String> {
  Set(name.lowercased().split { !$0.isLetter }.map(String.init))
}

/// The subset that the name of a list tells of, as `val.csv` or `kinetics-400_train.csv`.
func subset(ofList name: String) -> Subset? {
  let found = Set(words(name).compactMap { Subset(listed: $0) })
  return found.count == 1 ? found.first : nil
}

extension Subset {
  /// The folders in which its videos may lie, the likeliest first: `root`, and what people call those of one subset.
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
