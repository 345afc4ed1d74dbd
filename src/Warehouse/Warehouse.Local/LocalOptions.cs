using System.Globalization;

namespace Lambda.Warehouse.Local;

/// <summary>The command line.</summary>
internal sealed record LocalOptions
{
    internal const string Usage =
        "usage: Lambda.Warehouse.Local --path DIR --lib LIBCHDB"
        + " [--port N] [--parent PID] [--memory-mb N] [--connections N] [--config-file FILE]";

    internal required string DataPath { get; init; }
    internal required string Library { get; init; }

    /// <summary>0: any free one.</summary>
    internal int Port { get; init; }

    /// <summary>The process to end with; 0: none.</summary>
    internal int ParentId { get; init; }

    internal int Connections { get; init; } = Limits.Connections;
    internal IReadOnlyList<string> EngineArguments { get; init; } = [];

    /// <exception cref="FormatException">The text says which argument, and what was expected.</exception>
    internal static LocalOptions Parse(string[] arguments)
    {
        string? path = null, library = null;
        int port = 0, parent = 0, connections = Limits.Connections;
        var engine = new List<string>();
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var name = arguments[i];
            var value = i + 1 < arguments.Length ? arguments[i + 1] : throw new FormatException($"{name} needs a value");
            switch (name)
            {
                case "--path": path = Path.GetFullPath(value); break;
                case "--lib": library = value; break;
                case "--port": port = Number(name, value, 0, 65535); break;
                case "--parent": parent = Number(name, value, 1, int.MaxValue); break;
                case "--connections": connections = Number(name, value, 1, 64); break;
                case "--memory-mb": engine.Add($"--max_server_memory_usage={(long)Number(name, value, 64, int.MaxValue) << 20}"); break;
                case "--config-file": engine.Add($"--config-file={Path.GetFullPath(value)}"); break;
                default: throw new FormatException($"unknown argument {name}");
            }
        }
        return new LocalOptions
        {
            DataPath = path ?? throw new FormatException("--path is missing: the data directory"),
            Library = library ?? throw new FormatException("--lib is missing: the path of libchdb.so"),
            Port = port,
            ParentId = parent,
            Connections = connections,
            EngineArguments = engine,
        };
    }

    private static int Number(string name, string value, int min, int max) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new FormatException($"{name} {value}: expected a number from {min} to {max}");
}
