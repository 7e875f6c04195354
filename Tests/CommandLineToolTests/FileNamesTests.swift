#if os(Linux)
  import Foundation
  import SafeFiles
  import TestSupport
  import Testing

  /// Names that are not UTF-8, in all inputs and outputs of the tool.
  @Suite struct FileNamesTests {
    let folder: ScratchFolder
    let tool: Tool
    /// café in Latin-1.
    private let odd = String(path: Array("caf".utf8) + [0xE9])

    init() throws {
      folder = try ScratchFolder()
      tool = Tool(folder: folder)
      try makeFolder(at: folder.path + "/" + odd)
    }

    /// Runs a shell script in which `$N` is the name.
    private func shell(_ script: String) throws -> Tool.Result {
      try tool.shell("N=$(printf 'caf\\351'); " + script)
    }

    @Test func runsAreMadeAndReadUnderSuchNames() throws {
      for index in 0..<4 {
        try folder.picture(index).writePNG(to: "\(folder.path)/\(odd)/\(index)\(odd).png")
      }
      let options = tiny.joined(separator: " ") + " --validation-fraction 0"
      let run = try shell(
        "$MOSI pretrain --sources $N --output r$N/r --epochs 1 \(options)"
          + " --set batch.sources=1 --set batch.accumulation=1")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("rcaf\\xE9/r/last.safetensors"), "\(run.output)")
      for name in [
        "config.yaml", "metrics.jsonl", "last.safetensors", "preview.png", "curves.svg", "events",
      ] {
        #expect(fileExists(at: "\(folder.path)/r\(odd)/r/\(name)"), "\(name)")
      }
      // Nothing was written under a name that only looks similar.
      #expect(try entries(ofFolder: folder.path).count == 2)

      let inspected = try shell("$MOSI inspect r$N/r")
      #expect(inspected.output.contains("rcaf\\xE9/r/last.safetensors"), "\(inspected.errors)")
      let report = try shell("$MOSI report r$N/r --output $N.html")
      #expect(report.status == 0, "\(report.errors)")
      let page = String(decoding: try readFile(at: "\(folder.path)/\(odd).html"), as: UTF8.self)
      #expect(page.contains("caf\\xE9"))
      let other = try shell("$MOSI pretrain --sources $N --output r$N/r --epochs 1 \(options)")
      #expect(other.status == 1 && other.errors.contains("rcaf\\xE9/r"), "\(other.errors)")
      let absent = try shell("$MOSI preview --sources $N/x$N.png --output p")
      #expect(absent.errors.contains("caf\\xE9/xcaf\\xE9.png"), "\(absent.errors)")
    }

    @Test func videosAreFoundInListsAndFolders() throws {
      try folder.finetuned()
      try folder.action("v.mp4", sinks: false, seed: 1)
      let moved = try shell(
        "mkdir $N/$N; mv v.mp4 $N/$N/v$N.mp4; "
          + "printf \"path,label,split\\n$N/v$N.mp4,rises,train\\n\" > $N.csv")
      #expect(moved.status == 0)
      let predicted = try shell("$MOSI predict --weights r $N/$N/v$N.mp4")
      #expect(
        predicted.status == 0 && predicted.output.hasPrefix("caf\\xE9/caf\\xE9/vcaf\\xE9.mp4"))
      // In JSON, a name is text from which the file can be found.
      let printed = try shell("$MOSI predict --json --weights r $N/$N/v$N.mp4")
      let videos = try json(printed.output, [[String: Any]].self)
      #expect(fileExists(at: folder.path + "/" + (videos[0]["video"] as? String ?? "")))
      let search = try shell("$MOSI gradcam --weights r --output g $N")
      #expect(search.status == 0 && search.output.contains("vcaf\\xE9"), "\(search.errors)")

      for dataset in ["csv --splits $N.csv", "folders"] {
        let listing = try shell(
          "$MOSI datasets list --subset train --data-root $N --dataset \(dataset) > $N.txt")
        #expect(listing.status == 0, "\(listing.errors)")
        // The list is for --sources: it contains the bytes of the names.
        let list = String(path: try readFile(at: "\(folder.path)/\(odd).txt"))
        #expect(list == "\(folder.path)/\(odd)/\(odd)/v\(odd).mp4\n", "\(dataset)")
      }
    }
  }
#endif
