import SafeFiles

/// Something about a dataset that its owner should know: it can be read, but may not be what they mean.
public enum DatasetFinding: Hashable, Sendable, CustomStringConvertible {
  // What was noticed while it was read

  /// So many videos are there under names that differ from the listed ones in nothing but capitals.
  case foundInOtherCase(videos: Int, listed: String, found: String)
  /// A list spells a class otherwise than the list of the classes, which counts.
  case respelledClass(listed: String, known: String)
  /// So many rows say again what one before them says.
  case repeatedRows(Int, first: String)
  /// So many rows of a test list have no label and are left out.
  case unlabelledRows(Int, list: String)
  /// So many rows name a part of their video; all of it is read.
  case partsOfVideos(Int, first: String)
  /// Folders beside the classes that are none: hidden, without videos, or made by a system.
  case notClasses([String])
  /// Two forms of the same lists lie beside each other.
  case skippedLists(taken: String, others: [String])

  // What the classes are

  /// Names that differ in nothing but capitals, blanks, underscores and hyphens, and yet are classes of their own.
  case similarClasses([[String]])
  /// Classes that a mirror turns into each other, while clips are mirrored.
  case mirroredClasses([[String]])
  case oneClass(String)
  /// Classes of the list of classes that no video has.
  case unusedClasses([String])

  // What the subsets have

  case nothingToTrainOn
  case nothingToEvaluate
  /// Classes with videos to be evaluated on and none to train on.
  case untrainedClasses([String])
  /// Classes with videos to train on and none to be evaluated on.
  case unevaluatedClasses([String])

  // What the frames on the disk are

  /// So many folders of frames hold another number of them than their list says.
  case otherFrameCounts(videos: Int, first: String)

  /// Whether a training on it would mean nothing, or something else than it says.
  public var spoilsTraining: Bool {
    switch self {
    case .similarClasses, .mirroredClasses, .oneClass, .nothingToTrainOn, .nothingToEvaluate,
      .untrainedClasses:
      true
    case .foundInOtherCase, .respelledClass, .repeatedRows, .unlabelledRows, .partsOfVideos,
      .notClasses, .skippedLists, .unusedClasses, .unevaluatedClasses, .otherFrameCounts:
      false
    }
  }

  /// Whether it is about which videos are for training and which for testing.
  public var isAboutSubsets: Bool {
    switch self {
    case .nothingToTrainOn, .nothingToEvaluate, .untrainedClasses, .unevaluatedClasses: true
    default: false
    }
  }

  /// One sentence, of which nothing steers a terminal.
  public var description: String { sentence.printable }

  private var sentence: String {
    switch self {
    case .foundInOtherCase(let count, let listed, let found):
      "\(videos(count)) found under names in other capitals than listed, the first: \(listed) as \(found)"
    case .respelledClass(let listed, let known):
      "the class \(listed) of a list is taken for \(known)"
    case .repeatedRows(let count, let first):
      "\(rows(count)) what a row before says and \(count == 1 ? "counts" : "count") once, the first: \(first)"
    case .unlabelledRows(let count, let list):
      "\(list): \(count) \(count == 1 ? "row has" : "rows have") no label and \(count == 1 ? "is" : "are") left out"
    case .partsOfVideos(let count, let first):
      "\(count) \(count == 1 ? "row names" : "rows name") a part of a video, but whole videos are read, the first: \(first)"
    case .notClasses(let folders):
      "\(listing(folders)) \(folders.count == 1 ? "is not a class: it holds" : "are not classes: they hold") no videos, or "
        + "belong\(folders.count == 1 ? "s" : "") to the system"
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
      "there is one class, \(name): every answer is right, and an accuracy of 100% says nothing"
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
      "\(count) \(count == 1 ? "folder holds" : "folders hold") another number of frames than listed, the first: \(first)"
    }
  }

  private func videos(_ count: Int) -> String { count == 1 ? "1 video is" : "\(count) videos are" }

  private func rows(_ count: Int) -> String { count == 1 ? "1 row says" : "\(count) rows say" }

  private func classes(_ names: [String]) -> String {
    (names.count == 1 ? "the class " : "the classes ") + listing(names)
  }

  private func listing(_ names: [String]) -> String {
    names.prefix(shown).joined(separator: ", ")
      + (names.count > shown ? " and \(names.count - shown) more" : "")
  }

  /// So many names stand in a sentence.
  private var shown: Int { 8 }
}

extension ActionDataset {
  /// What its owner should know of it: ``remarks``, then what its classes and subsets are like.
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

  /// The classes whose names are spelled almost alike, in groups.
  private var similarClasses: [[String]] {
    Dictionary(grouping: classNames, by: loosely).values.filter { $0.count > 1 }
      .sorted { $0[0] < $1[0] }
  }

  /// The pairs of classes that a mirror turns into each other, by the words left and right in their names.
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

/// The name of a class without what people write now so and now otherwise: capitals, and blanks, underscores and hyphens
/// between words.
func loosely(_ className: String) -> String {
  className.lowercased().split { " _-\t".contains($0) }.joined(separator: " ")
}
