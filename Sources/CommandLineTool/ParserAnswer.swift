import ArgumentParser

/// What the parser says instead of running a command.
package enum ParserAnswer {
  /// The help or the version, for stdout.
  case help(String)
  /// What is wrong with the arguments, for stderr.
  case wrongUsage(String)

  /// - Parameters:
  ///   - arguments: those of the tool, without its name.
  ///   - columns: the width of the terminal in characters; that of the terminal if nil.
  /// - Returns: nil if the arguments are a command to run.
  package init?(to arguments: [String], columns: Int? = nil) {
    do {
      var command = try Mosi.parseAsRoot(arguments)
      if Self.isAction(type(of: command)) { return nil }
      try command.run()
      return nil
    } catch {
      self.init(to: error, columns: columns)
    }
  }

  /// False for the parser's own command for help, and for groups of commands: they throw their help when they run.
  private static func isAction(_ command: any ParsableCommand.Type) -> Bool {
    func contains(_ parent: any ParsableCommand.Type) -> Bool {
      parent == command || parent.configuration.subcommands.contains(where: contains)
    }
    return command.configuration.subcommands.isEmpty && contains(Mosi.self)
  }

  /// - Returns: nil if the error is not that of the parser.
  init?(to error: any Error, columns: Int? = nil) {
    let text = Mosi.fullMessage(for: error, columns: columns)
    switch Mosi.exitCode(for: error) {
    case .success: self = .help(text)
    case .validationFailure: self = .wrongUsage(text)
    default: return nil
    }
  }

  /// The exit status of the tool.
  package var status: Int32 {
    switch self {
    case .help: 0
    case .wrongUsage: 2
    }
  }

  package var text: String {
    switch self {
    case .help(let text), .wrongUsage(let text): text
    }
  }
}
