import ArgumentParser
import Figures
import Foundation
import SafeFiles
import Torch
import Training

/// The tool `mosi`: each subcommand has a file. They parse and print; the libraries do the work.
@main
struct Mosi: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mosi",
    abstract: "Learns motion from static images, for video understanding.",
    discussion: """
      MoSI (Huang et al., CVPR 2021) moves a window over a still picture, freezes everything outside a \
      square, and trains a video network to recognize the direction and the speed of the motion. The network learns where \
      and what motion is, without human labels.

      Start with:  mosi pretrain --sources PICTURES --output RUN
      """,
    version: Version.text,
    subcommands: [
      Pretrain.self, Preview.self, Clips.self, Finetune.self, Evaluate.self, Predict.self,
      Retrieve.self,
      Features.self, Gradcam.self, Localize.self, Clusters.self, Curves.self, SweepCommand.self,
      Convert.self, Inspect.self, ReportCommand.self, Reproduce.self, Datasets.self,
      Synthesize.self, Models.self, Config.self, Doctor.self,
    ])

  /// The arguments of the tool. In Swift's own list, bytes that are not UTF-8 are replaced.
  private static var arguments: [String] {
    (1..<max(Int(CommandLine.argc), 1)).compactMap { CommandLine.unsafeArgv[$0] }.map {
      String(path: $0)
    }
  }

  /// Warns about boxes in pictures.
  private static func warnOfMissingGlyphs() {
    let missing = MissingGlyphs.all
    guard !missing.isEmpty else { return }
    let more = missing.count > 10 ? " and others" : ""
    Terminal.warn(
      "no installed typeface has the characters \(String(missing.prefix(10)))\(more): they are boxes in the pictures; "
        + "install typefaces for them (on Debian fonts-noto-core, fonts-noto-cjk or fonts-noto-color-emoji)"
    )
  }

  /// Errors are one sentence on stderr and exit status 1; wrong usage is exit status 2.
  static func main() {
    TorchError.onFailure { error in
      Terminal.error(error.description)
      Foundation.exit(1)
    }
    // If stdin, stdout or stderr is closed, the next file that is opened would get its descriptor and receive our output.
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", O_RDWR)
    }
    // Writing to a closed pipe is an error to report and must not kill the process.
    signal(SIGPIPE, SIG_IGN)
    // The same holds for writing a file beyond the shell's limit.
    signal(SIGXFSZ, SIG_IGN)
    keepFreedMemory()
    var command: any ParsableCommand = Mosi()
    do {
      command = try parseAsRoot(arguments)
      try command.run()
      warnOfMissingGlyphs()
      // A closed pipe is fine because its reader has read enough, but a full disk would leave an incomplete list.
      guard fflush(nil) == 0 || errno == EPIPE else {
        throw FileError(path: "the results", attempt: "cannot print")
      }
    } catch let status as ExitCode {
      Foundation.exit(status.rawValue)
    } catch let error as ValidationError {
      // The error was thrown by run(): the parser no longer knows the subcommand and would show the usage of `mosi`.
      let name = path(to: type(of: command)).joined(separator: " ")
      Terminal.line(
        "Error: \(error.message)\nUsage: \(name) [<options>]\n"
          + "  See '\(name) --help' for more information.")
      Foundation.exit(2)
    } catch {
      let answer = ParserAnswer(to: error)
      switch answer {
      case .help(let text): print(text)
      case .wrongUsage(let text): Terminal.line(text)
      case nil: Terminal.error("\(error)")
      }
      Foundation.exit(answer?.status ?? 1)
    }
  }
}

extension Mosi {
  /// The names with which a command is called, from that of the tool.
  private static func path(to command: any ParsableCommand.Type) -> [String] {
    func search(_ parent: any ParsableCommand.Type) -> [String]? {
      if parent == command { return [parent._commandName] }
      return parent.configuration.subcommands.lazy.compactMap(search).first
        .map { [parent._commandName] + $0 }
    }
    return search(Mosi.self) ?? [_commandName]
  }
}
