import ArgumentParser
import SafeFiles

/// Refuses pictures and videos in a folder that is searched for them: the next search would find them there.
///
/// - Parameters:
///   - output: the file or folder that is written, existing or not; nil for none.
///   - searched: what a command searches; what is not a folder does not matter.
/// - Throws: `ValidationError`.
func requireOutput(_ output: String?, outside searched: [String]) throws {
  guard let output, !output.isEmpty else { return }
  let place = realPath(of: output) + "/"
  for folder in searched where isFolder(at: folder) && place.hasPrefix(realPath(of: folder) + "/") {
    throw ValidationError(
      "--output \(output) lies in \(folder), where the next search would find what is written: name a folder outside"
    )
  }
}
