using System.Data.Common;
using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving.Segments;

/// <summary>
/// The SQL database that <see cref="SegmentStore"/> works on. Its statements mean the same in SQLite and PostgreSQL; what does not is here. Faults come out as <see cref="StorageException"/>.
/// </summary>
public interface ISegmentDatabase
{
    /// <param name="doing">For messages: `read the feed`.</param>
    T Read<T>(string doing, Func<DbConnection, T> work);

    /// <summary>One durable transaction.</summary>
    void Write(string doing, Action<DbConnection> work);

    /// <summary>Within a transaction, to its end.</summary>
    /// <exception cref="FencedException">A newer owner has the partition.</exception>
    void Fence(DbConnection connection, PartitionFence fence);

    /// <summary>Rows of a SELECT whose condition on customers is the last: `sql` with it behind, for each of them.</summary>
    /// <param name="read">Called for each row.</param>
    void SelectOf(DbConnection connection, string sql, IReadOnlyCollection<byte[]> customers, Action<DbDataReader> read);

    /// <summary>Sees to it that nothing of what was deleted from these tables stands in a file any more.</summary>
    void Purge(params IReadOnlyList<string> tables);
}

internal static class SegmentSql
{
    public static DbCommand Command(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.With(name, value);
        return command;
    }

    /// <summary>Sets a parameter, so that a command can run again.</summary>
    public static DbCommand With(this DbCommand command, string name, object value)
    {
        if (command.Parameters.Contains(name))
        {
            command.Parameters[name].Value = value;
            return command;
        }
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
        return command;
    }

    public static int Run(this DbConnection connection, string sql, params ReadOnlySpan<(string, object)> parameters)
    {
        using var command = connection.Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    public static List<T> List<T>(this DbConnection connection, string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string, object)> parameters)
    {
        using var command = connection.Command(sql, parameters);
        using var rows = command.ExecuteReader();
        var list = new List<T>();
        while (rows.Read()) list.Add(read(rows));
        return list;
    }
}
