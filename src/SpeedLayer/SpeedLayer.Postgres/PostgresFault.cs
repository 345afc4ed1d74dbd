using System.Net.Sockets;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres;

/// <summary>What the callers of the stores are told when PostgreSQL could not do it.</summary>
internal static class PostgresFault
{
    /// <summary>Raised by write_checkpoint and the sink's fence: the message is the newer generation.</summary>
    public const string Fenced = "LF001";

    /// <summary>The server ended a transaction in which nothing came for too long: the process stood still. What it was about to do can be done again.</summary>
    private const string StoodStill = "25P03";

    /// <summary>True when the server cut off this process for standing still in the middle of a transaction.</summary>
    public static bool IsStoodStill(Exception? e) => e is PostgresException { SqlState: StoodStill };

    public static bool IsCorrupt(PostgresException e) => e.SqlState is PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted;

    /// <summary>True when the connection it came over, and with it probably all the idle ones, is gone.</summary>
    public static bool IsConnectionLost(NpgsqlException e) => e is not PostgresException server
        ? e.InnerException is not TimeoutException
        : server.SqlState.StartsWith("08", StringComparison.Ordinal) || server.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or StoodStill;

    /// <param name="doing">What was attempted: `read the checkpoint of partition 3`.</param>
    public static StorageException Told(string place, string doing, NpgsqlException e) =>
        new(place, $"cannot {doing}: {Cause(e)}", e, IsConnectionLost(e) || e.InnerException is TimeoutException || (e.IsTransient && e.SqlState != PostgresErrorCodes.DiskFull));

    public static string Cause(NpgsqlException e) => e switch
    {
        PostgresException server => $"{server.MessageText} (SQLSTATE {server.SqlState}){Advice(server.SqlState)}",
        { InnerException: TimeoutException } => "no answer in time. Is the server overloaded, or the network cut?",
        { InnerException: SocketException socket } => $"{socket.Message}. Is PostgreSQL running there?",
        { InnerException: { } inner } => $"the connection was lost: {inner.Message}",
        _ => e.Message,
    };

    private static string Advice(string state) => state switch
    {
        PostgresErrorCodes.DiskFull => ": free space on the database server; nothing was written",
        PostgresErrorCodes.InsufficientPrivilege => ": grant the role of the connection string what it needs (CREATE on the database, or a schema it owns)",
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => ": check user and password of the connection string",
        PostgresErrorCodes.InvalidCatalogName => ": make it with CREATE DATABASE, or correct the connection string",
        PostgresErrorCodes.TooManyConnections => ": raise max_connections, or lower Maximum Pool Size in the connection string",
        PostgresErrorCodes.ReadOnlySqlTransaction => ": this server is a standby or set read-only; connect to the primary",
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.UndefinedColumn => ": the schema is damaged; restore the database from a backup",
        PostgresErrorCodes.IoError => ": the database server's disk fails",
        _ => "",
    };
}
