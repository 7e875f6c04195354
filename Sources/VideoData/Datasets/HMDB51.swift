extension DatasetReading {
  /// Reads HMDB51 (Kuehne et al., 2011): for each class and split a file `CLASS_test_splitN.txt` with lines `name.avi
  /// ID`, where ID is 1 for training, 2 for test and 0 for neither. The classes are in alphabetical order.
  mutating func readHMDB51(splits: String?, split: Int) throws {
    let expected =
      "hmdb51 needs a folder of its split files CLASS_test_split\(split).txt, one for each class "
      + "(test_train_splits, from https://serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database)"
    guard let splits else {
      throw DatasetError.unsuitable(path: videosFolder, problem: "has no lists: \(expected)")
    }
    guard let listing = try finder.listing(of: splits) else {
      throw DatasetError.missing(path: splits, expected: expected)
    }
    // Use the files of all splits: otherwise, a missing file would change the numbers of the other classes.
    classNames = Set(
      listing.files.keys.compactMap { name -> String? in
        guard let middle = name.range(of: "_test_split"), name.hasSuffix(".txt"),
          Int(name[middle.upperBound...].dropLast(4)) != nil
        else { return nil }
        return String(name[..<middle.lowerBound])
      }
    ).sorted()
    guard !classNames.isEmpty else {
      throw DatasetError.unsuitable(path: splits, problem: "has no split files: \(expected)")
    }
    for (label, className) in classNames.enumerated() {
      let list = try ListFile("\(splits)/\(className)_test_split\(split).txt", expected: expected)
      for (place, text) in list.lines {
        guard let space = text.lastIndex(where: { $0 == " " || $0 == "\t" }),
          let use = Int(text[text.index(after: space)...]), (0...2).contains(use)
        else {
          throw place.error("a line must be a name and 0, 1 or 2, as in: name.avi 1")
        }
        let name = try place.checkedComponent(trimmed(text[..<space]))
        guard use > 0 else { continue }
        try add(
          "\(className)/\(name)", label: label, subset: use == 1 ? .training : .test,
          in: VideoPlaces(names: [name], folders: ["\(videosFolder)/\(className)", videosFolder]),
          at: place)
      }
    }
  }
}
