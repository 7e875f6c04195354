import ArgumentParser
import SafeFiles
import VideoData

/// Rejects an output in a folder that is searched for pictures and videos: the next search would find it.
///
/// - Parameters:
///   - output: the file or folder to write, existing or not; nil for none.
///   - searched: the paths that a command searches; only folders matter, and those of pictures that synthetic videos show.
/// - Throws: `ValidationError`.
func requireOutput(_ output: String?, outside searched: [String]) throws {
  guard let output, !output.isEmpty else { return }
  let place = realPath(of: output) + "/"
  for folder in searched.map(SourceCollection.searchedPath)
  where isFolder(at: folder) && place.hasPrefix(realPath(of: folder) + "/") {
    throw ValidationError(
      "--output \(output) is inside \(folder), where the next search would find the output: choose another folder"
    )
  }
}
