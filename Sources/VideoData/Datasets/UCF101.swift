extension DatasetReading {
  /// Reads UCF101 (Soomro et al., 2012): `classInd.txt` numbers the classes from 1; `trainlist0N.txt` has lines
  /// `Class/name.avi LABEL`, `testlist0N.txt` the same without labels.
  mutating func readUCF101(splits: String?, split: Int) throws {
    let names = ["classInd.txt", "trainlist0\(split).txt", "testlist0\(split).txt"]
    let expected =
      "ucf101 needs a folder of its split files \(names[0]), \(names[1]) and \(names[2]) "
      + "(UCF101TrainTestSplits-RecognitionTask, from https://www.crcv.ucf.edu/data/UCF101.php)"
    guard let splits else {
      throw DatasetError.unsuitable(path: videosFolder, problem: "has no lists: \(expected)")
    }
    try readClassIndex(ListFile("\(splits)/\(names[0])", expected: expected))
    var labels = ClassLabels(classNames)
    for (name, subset) in [(names[1], Subset.training), (names[2], .test)] {
      for (place, text) in try ListFile("\(splits)/\(name)", expected: expected).lines {
        var path = text
        var number: Int?
        if let space = text.lastIndex(where: { $0 == " " || $0 == "\t" }),
          let last = Int(text[text.index(after: space)...])
        {
          number = last
          path = trimmed(text[..<space])
        }
        let video = try place.checked(path)
        let parts = video.split(separator: "/")
        guard parts.count == 2 else {
          throw place.error("\(video) is not of the form Class/name.avi")
        }
        let className = String(parts[0])
        guard let label = labels.label(of: className) else {
          throw place.error("the class \(className) is not in \(names[0])")
        }
        if number == nil, subset == .training { throw place.error("\(video) has no label") }
        if let number, number != label + 1 {
          throw place.error(
            "\(video) has the label \(number), but \(className) is \(label + 1) in \(names[0])")
        }
        // If the list spells a class differently from the index, its folder may have either name.
        let names = className == classNames[label] ? [className] : [className, classNames[label]]
        try add(
          video, label: label, subset: subset,
          in: VideoPlaces(
            names: [String(parts[1])],
            folders: names.map { "\(videosFolder)/\($0)" } + [videosFolder]),
          at: place)
      }
    }
    for finding in labels.remarks { remark(finding) }
  }

  private mutating func readClassIndex(_ list: ListFile) throws {
    var place = ListFile.Place(path: list.path, line: 1)
    var found: [Int: String] = [:]
    var seen: Set<String> = []
    for (line, text) in list.lines {
      place = line
      let parts = text.split(maxSplits: 1) { $0 == " " || $0 == "\t" }
      guard parts.count == 2, let number = Int(parts[0]) else {
        throw line.error("a line must be a number and a class, as in: 1 ApplyEyeMakeup")
      }
      let name = String(trimmed(parts[1]))
      guard found[number] == nil, seen.insert(name).inserted else {
        throw line.error("the number \(number) or the class \(name) appears twice")
      }
      found[number] = name
    }
    let numbers = found.keys.sorted()
    guard numbers == Array(1..<(numbers.count + 1)) else {
      throw place.error("the classes must be numbered 1 to \(numbers.count) without a gap")
    }
    classNames = numbers.map { found[$0]! }
  }
}
