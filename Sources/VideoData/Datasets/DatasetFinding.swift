import SafeFiles

/// A remark about a dataset that can be read but may not be what its owner intended.
public enum DatasetFinding: Hashable, Sendable, CustomStringConvertible {
  // Remarks about reading the lists

  /// This number of videos was found under names that differ from the listed ones only in case.
  case foundInOtherCase(videos: Int, listed: String, found: String)
  /// A list spells a class differently from the list of classes, whose spelling is used.
  case respelledClass(listed: String, known: String)
  /// This number of rows repeat an earlier row.
  case repeatedRows(Int, first: String)
  /// This number of rows of a test list have no label and were skipped.
  case unlabeledRows(Int, list: String)
  /// This number of rows name a part of their video; the whole video is read.
  case partsOfVideos(Int, first: String)
  /// Folders next to the classes that are not classes: hidden, without videos, or made by an operating system.
  case notClasses([String])
  /// The same lists exist in two formats.
  case skippedLists(taken: String, others: [String])
  /// Not all of a shard is read; the sentence says why.
  case partlyReadShard(String)

  // Remarks about the classes

  /// Different classes whose names differ only in case, blanks, underscores and hyphens.
  case similarClasses([[String]])
  /// Classes that mirroring turns into each other, although training clips are mirrored.
  case mirroredClasses([[String]])
  /// There is only one class.
  case oneClass(String)
  /// Classes in the list of classes without a video.
  case unusedClasses([String])

  // Remarks about the subsets

  /// There are no training videos.
  case nothingToTrainOn
  /// There are no test or validation videos.
  case nothingToEvaluate
  /// Classes with videos to evaluate on, but none to train on.
  case untrainedClasses([String])
  /// Classes with videos to train on, but none to evaluate on.
  case unevaluatedClasses([String])

  // Remarks about frames on the disk

  /// This number of folders of frames contain a different number of frames than listed.
  case otherFrameCounts(videos: Int, first: String)

  /// True if a training on the dataset would be meaningless or misleading.
  public var spoilsTraining: Bool {
    switch self {
    case .similarClasses, .mirroredClasses, .oneClass, .nothingToTrainOn, .nothingToEvaluate,
      .untrainedClasses:
      true
    case .foundInOtherCase, .respelledClass, .repeatedRows, .unlabeledRows, .partsOfVideos,
      .notClasses, .skippedLists, .partlyReadShard, .unusedClasses, .unevaluatedClasses,
      .otherFrameCounts:
      false
    }
  }

  /// True if the remark concerns the division into training and test videos.
  public var isAboutSubsets: Bool {
    switch self {
    case .nothingToTrainOn, .nothingToEvaluate, .untrainedClasses, .unevaluatedClasses: true
    default: false
    }
  }

  /// One sentence without control characters.
  public var description: String { sentence.printable }

  private var sentence: String {
    switch self {
    case .foundInOtherCase(let count, let listed, let found):
      "\(videos(count)) found under names that differ from the list only in case, the first: \(listed) as \(found)"
    case .respelledClass(let listed, let known):
      "the class \(listed) of a list is read as \(known)"
    case .repeatedRows(let count, let first):
      "\(rows(count)) an earlier row and \(count == 1 ? "counts" : "count") once, the first: \(first)"
    case .unlabeledRows(let count, let list):
      "\(list): \(count) \(count == 1 ? "row has" : "rows have") no label and \(count == 1 ? "is" : "are") skipped"
    case .partsOfVideos(let count, let first):
      "\(count) \(count == 1 ? "row names" : "rows name") a part of a video, but whole videos are read, the first: \(first)"
    case .notClasses(let folders):
      "\(listing(folders)) \(folders.count == 1 ? "is not a class: it holds" : "are not classes: they hold") no videos, or "
        + "belong\(folders.count == 1 ? "s" : "") to the system"
    case .partlyReadShard(let sentence): sentence
    case .skippedLists(let taken, let others):
      "\(taken) is read; \(listing(others)) \(others.count == 1 ? "is" : "are") skipped"
    case .similarClasses(let groups):
      "classes that are spelled almost alike count as different: "
        + groups.prefix(shown).map { $0.joined(separator: " and ") }.joined(separator: "; ")
        + (groups.count > shown ? "; and \(groups.count - shown) more" : "")
        + "; if they are the same, spell them the same"
    case .mirroredClasses(let pairs):
      "a mirror turns \(pairs[0].joined(separator: " into "))"
        + (pairs.count > 1 ? " (and \(pairs.count - 1) more such pairs)" : "")
        + ", but training clips are mirrored: --set clip.flip_probability=0"
    case .oneClass(let name):
      "there is one class, \(name): every prediction is correct, and an accuracy of 100% is meaningless"
    case .unusedClasses(let names):
      "no video is listed for \(classes(names))"
    case .nothingToTrainOn:
      "there is no training video"
    case .nothingToEvaluate:
      "there is no video for testing or validation: nothing can be evaluated"
    case .untrainedClasses(let names):
      "there is no training video for \(classes(names)), though there are videos to evaluate"
    case .unevaluatedClasses(let names):
      "there is no video to evaluate for \(classes(names))"
    case .otherFrameCounts(let count, let first):
      "\(count) \(count == 1 ? "folder holds" : "folders hold") a different number of frames than listed, the first: \(first)"
    }
  }

  private func videos(_ count: Int) -> String { count == 1 ? "1 video is" : "\(count) videos are" }

  private func rows(_ count: Int) -> String {
    count == 1 ? "1 row repeats" : "\(count) rows repeat"
  }

  private func classes(_ names: [String]) -> String {
    (names.count == 1 ? "the class " : "the classes ") + listing(names)
  }

  private func listing(_ names: [String]) -> String {
    names.prefix(shown).joined(separator: ", ")
      + (names.count > shown ? " and \(names.count - shown) more" : "")
  }

  /// The maximum number of names in a sentence.
  private var shown: Int { 8 }
}

extension ActionDataset {
  /// All remarks: ``remarks``, then those about its classes and subsets.
  public var findings: [DatasetFinding] {
    var findings = remarks
    if !similarClasses.isEmpty { findings.append(.similarClasses(similarClasses)) }
    let (training, evaluated) = (labels(of: .training), labels(of: evaluationSubset))
    let all = Set(videos.map(\.label))
    let used = classNames.indices.filter(all.contains)
    if used.count == 1 { findings.append(.oneClass(classNames[used[0]])) }
    func names(_ isMember: (Int) -> Bool) -> [String] {
      classNames.indices.filter(isMember).map { classNames[$0] }
    }
    let unused = names { !all.contains($0) }
    if !unused.isEmpty { findings.append(.unusedClasses(unused)) }
    if training.isEmpty {
      findings.append(.nothingToTrainOn)
    } else {
      let untrained = names { evaluated.contains($0) && !training.contains($0) }
      if !untrained.isEmpty { findings.append(.untrainedClasses(untrained)) }
    }
    if evaluated.isEmpty {
      findings.append(.nothingToEvaluate)
    } else {
      let unevaluated = names { training.contains($0) && !evaluated.contains($0) }
      if !unevaluated.isEmpty { findings.append(.unevaluatedClasses(unevaluated)) }
    }
    return findings
  }

  private func labels(of subset: Subset) -> Set<Int> {
    Set(videos.lazy.filter { $0.subset == subset }.map(\.label))
  }

  /// Groups of classes whose names are spelled almost alike.
  private var similarClasses: [[String]] {
    Dictionary(grouping: classNames, by: loosely).values.filter { $0.count > 1 }
      .sorted { $0[0] < $1[0] }
  }

  /// The pairs of classes that mirroring turns into each other, found by the words left and right in their names; nil if
  /// there are none.
  public var mirroredClasses: DatasetFinding? {
    let known = Dictionary(classNames.map { (loosely($0), $0) }) { first, _ in first }
    let pairs = classNames.compactMap { name -> [String]? in
      let words = loosely(name).split(separator: " ")
      let mirrored = words.map { $0 == "left" ? "right" : $0 == "right" ? "left" : $0 }
        .joined(separator: " ")
      guard let other = known[mirrored], loosely(name) < mirrored else { return nil }
      return [name, other]
    }
    return pairs.isEmpty ? nil : .mirroredClasses(pairs)
  }
}

/// The name of a class without details that are written inconsistently: case, and blanks, underscores and hyphens between
/// words.
func loosely(_ className: String) -> String {
  className.lowercased().split { " _-\t".contains($0) }.joined(separator: " ")
}
