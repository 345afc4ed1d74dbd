using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres.Local;

/// <summary>
/// A PostgreSQL server of this process's own on loopback, for tests and for trying the cluster edition on one machine. It ends with the process that
/// started it, however that dies: a shell beside it waits for the end of its input, which the system closes for us.
/// </summary>
public sealed class LocalPostgres : IAsyncDisposable
{
    private const string User = "lambda";
    private const string Password = "password";
    private static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(60);

    // $1 data folder, $2 folder to delete at the end or nothing, $3 log, $4 signal that ends the server; then the command.
    private const string Shell = """
        data=$1 delete=$2 log=$3 signal=$4; shift 4
        exec 3<&0
        ( cat <&3 >/dev/null; [ -z "$delete" ] || : >"$delete/stopping"; until kill -"$signal" "$(head -n 1 "$data/postmaster.pid")" 2>/dev/null; do sleep 0.1; done ) &
        watcher=$!
        "$@" </dev/null 3<&- >>"$log" 2>&1
        code=$?
        kill $watcher 2>/dev/null
        [ ! -e "$delete/stopping" ] || rm -rf "$delete"
        exit $code
        """;

    private readonly bool _isTemporary;
    private readonly string[] _settings;
    private Process? _shell;
    private string _password = "";

    private LocalPostgres(string folder, bool isTemporary, string[] settings) => (Folder, _isTemporary, _settings) = (folder, isTemporary, settings);

    /// <summary>Why it cannot be started on this machine; null when it can.</summary>
    public static string? WhyAbsent => PostgresBinaries.Folder is null ? PostgresBinaries.HowToInstall : null;

    public string Folder { get; }

    public int Port { get; private set; }

    /// <summary>Of the server that accepts connections, not of the shell beside it.</summary>
    public int ProcessId => int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    public string ConnectionString => $"Host=127.0.0.1;Port={Port};Database=postgres;Username={User};Password={_password}";

    private string Data => Path.Combine(Folder, "data");

    private string Log => Path.Combine(Folder, "server.log");

    /// <param name="folder">Kept between starts; null: a temporary one, deleted at the end.</param>
    /// <param name="settings">As for postgresql.conf: `shared_buffers=256MB`.</param>
    /// <exception cref="InvalidOperationException">PostgreSQL is not installed or does not start; says why.</exception>
    public static async Task<LocalPostgres> StartAsync(string? folder = null, string[]? settings = null, CancellationToken cancel = default)
    {
        if (WhyAbsent is { } why) throw new InvalidOperationException(why);
        var path = folder is null ? Directory.CreateTempSubdirectory("lambda-postgres-").FullName : Directory.CreateDirectory(Path.GetFullPath(folder)).FullName;
        var server = new LocalPostgres(path, folder is null, settings ?? []);
        try
        {
            await server.InitializeAsync(cancel);
            await server.StartAsync(cancel);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL for the server and all its processes at once, as in a loss of power to them. <see cref="StartAsync(CancellationToken)"/> starts it again.</summary>
    public void Kill()
    {
        // The shell lives to see it: a dead server that nobody has waited for still counts as running when the next one starts.
        using (var server = Process.GetProcessById(ProcessId)) server.Kill(entireProcessTree: true);
        _shell!.WaitForExit();
        _shell.Dispose();
        _shell = null;
    }

    /// <summary>Starts it on the port it had.</summary>
    public async Task StartAsync(CancellationToken cancel = default)
    {
        if (Port == 0) Port = FreePort();
        string[] server =
        [
            .. PostgresBinaries.AsUser(out _), Path.Combine(PostgresBinaries.Folder!, "postgres"), "-D", Data, "-p", Port.ToString(CultureInfo.InvariantCulture),
            .. ((string[])["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "max_wal_size=2GB", .. _settings]).SelectMany(s => (string[])["-c", s]),
        ];
        string[] shell = [.. PostgresBinaries.InOwnSession(), "/bin/sh", "-c", Shell, "sh"];
        _shell = Process.Start(new ProcessStartInfo(shell[0], [.. shell[1..], Data, _isTemporary ? Folder : "", Log, _isTemporary ? "QUIT" : "INT", .. server])
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",
        })!;
        await UntilReadyAsync(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        if (_shell is not null)
        {
            _shell.StandardInput.Close();
            await _shell.WaitForExitAsync();
            _shell.Dispose();
        }
        if (_isTemporary && Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
    }

    private async Task InitializeAsync(CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException("a local PostgreSQL is started on Linux and macOS only; name a running server");
        var password = Path.Combine(Folder, Password);
        if (!File.Exists(password))
        {
            await using var file = new FileStream(password, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
            await file.WriteAsync(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) + "\n"), cancel);
        }
        _password = (await File.ReadAllTextAsync(password, cancel)).Trim();
        if (File.Exists(Path.Combine(Data, "PG_VERSION"))) return;
        var asUser = PostgresBinaries.AsUser(out var owner);
        if (owner is not null) await RunAsync(["chown", "-R", owner, Folder], cancel);
        await RunAsync(
            [.. asUser, Path.Combine(PostgresBinaries.Folder!, "initdb"), "-D", Data, "-U", User, "-E", "UTF8", "--locale=C", "--auth=scram-sha-256", $"--pwfile={password}", "--no-sync"], cancel);
    }

    private async Task UntilReadyAsync(CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=5");
                await connection.OpenAsync(cancel);
                return;
            }
            catch (NpgsqlException e)
            {
                if (_shell!.HasExited || Stopwatch.GetElapsedTime(started) > StartWithin) throw new InvalidOperationException($"PostgreSQL does not start ({e.Message}): {LogTail()}", e);
                await Task.Delay(20, cancel);
            }
        }
    }

    private string LogTail() => File.Exists(Log) ? string.Join(" | ", File.ReadLines(Log).TakeLast(5)) : "it wrote no log";

    private static async Task RunAsync(string[] command, CancellationToken cancel)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        var errors = process.StandardError.ReadToEndAsync(cancel);
        await process.StandardOutput.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        if (process.ExitCode != 0) throw new InvalidOperationException($"{Path.GetFileName(command[0])} failed with exit {process.ExitCode}: {(await errors).Trim()}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
