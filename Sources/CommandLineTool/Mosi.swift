import ArgumentParser
import Foundation
import SafeFiles
import Torch
import Training

/// The tool `mosi`: each subcommand has a file; they parse and print, the libraries do the work.
@main
struct Mosi: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mosi",
    abstract: "Learns motion from static images, for video understanding.",
    discussion: """
      MoSI (Huang et al., CVPR 2021) moves a window over a still picture, freezes everything outside a \
      square, and trains a video network to say which way and how fast the rest moves. The network learns where \
      motion is and what it is, without anybody's labels.

      Begin with:  mosi pretrain --sources PICTURES --output RUN
      """,
    version: Version.text,
    subcommands: [
      Pretrain.self, Preview.self, Finetune.self, Evaluate.self, Predict.self, Retrieve.self,
      Features.self, Gradcam.self, Localize.self, Clusters.self, Curves.self, Convert.self,
      Inspect.self, ReportCommand.self, Reproduce.self, Datasets.self, Synthesize.self, Models.self,
      Config.self, Doctor.self,
    ])

  /// Errors are one sentence on stderr and exit status 1; wrong usage is exit status 2.
  static func main() {
    TorchError.onFailure { error in
      Terminal.error(error.description)
      Foundation.exit(1)
    }
    // Where one of these is closed, the next file that is opened would take its number, and with it what is printed.
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", O_RDWR)
    }
    // Writing into a closed pipe is an error to report, not a death.
    signal(SIGPIPE, SIG_IGN)
    // So is a file larger than the shell's limit.
    signal(SIGXFSZ, SIG_IGN)
    keepFreedMemory()
    var command: any ParsableCommand = Mosi()
    do {
      command = try parseAsRoot()
      try command.run()
      // Who closes a pipe has read enough; a full disk would leave half a list behind.
      guard fflush(nil) == 0 || errno == EPIPE else {
        throw FileError(path: "the results", attempt: "cannot print")
      }
    } catch let status as ExitCode {
      Foundation.exit(status.rawValue)
    } catch let error as ValidationError {
      // Found at work: the parser, which has lost the subcommand, would show the usage of `mosi`.
      let name = path(to: type(of: command)).joined(separator: " ")
      Terminal.line(
        "Error: \(error.message)\nUsage: \(name) [<options>]\n"
          + "  See '\(name) --help' for more information.")
      Foundation.exit(2)
    } catch {
      switch exitCode(for: error) {
      case .success:
        print(fullMessage(for: error))
        Foundation.exit(0)
      case .validationFailure:
        Terminal.line(fullMessage(for: error))
        Foundation.exit(2)
      default:
        Terminal.error("\(error)")
        Foundation.exit(1)
      }
    }
  }
}

extension Mosi {
  /// The names from the tool's on by which a command is called.
  private static func path(to command: any ParsableCommand.Type) -> [String] {
    func search(_ parent: any ParsableCommand.Type) -> [String]? {
      if parent == command { return [parent._commandName] }
      return parent.configuration.subcommands.lazy.compactMap(search).first
        .map { [parent._commandName] + $0 }
    }
    return search(Mosi.self) ?? [_commandName]
  }
}
