using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Npgsql;

namespace Lambda.SpeedLayer.Postgres.Checkpoints;

/// <summary>All entities of a partition, read as they arrive, on a connection of its own. Given up half-way, the statement is cancelled.</summary>
internal sealed class EntityScan(PostgresDatabase database, CheckpointRows table, int partition) : IDisposable
{
    private NpgsqlConnection? _connection;
    private NpgsqlCommand? _command;
    private NpgsqlDataReader? _rows;
    private CustomerId? _before;
    private bool _ended;

    public StoredEntity Current { get; private set; }

    public bool MoveNext()
    {
        try
        {
            if (_rows is null) Start();
            if (!_rows!.Read())
            {
                _ended = true;
                return false;
            }
            Current = table.Entity(_rows, _before);
            _before = Current.Customer;
            return true;
        }
        catch (NpgsqlException e)
        {
            throw database.Fault($"read the entities of partition {partition}", e);
        }
    }

    public void Dispose()
    {
        try
        {
            if (!_ended) _command?.Cancel(); // else closing would read on to the end
            _rows?.Dispose();
        }
        catch (NpgsqlException)
        {
            // Cancelled, as wanted; or the connection is gone, which whoever uses the next one is told.
        }
        _command?.Dispose();
        _connection?.Dispose();
    }

    private void Start()
    {
        try
        {
            Open();
        }
        catch (NpgsqlException e) when (PostgresFault.IsConnectionLost(e))
        {
            database.Fault("start a scan", e); // forgets the idle connections
            _command?.Dispose();
            _connection?.Dispose();
            Open();
        }
    }

    private void Open()
    {
        _connection = database.Connect();
        _command = table.All(_connection);
        _rows = _command.ExecuteReader();
    }
}
