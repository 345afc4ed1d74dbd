using System.Text;
using Lambda.Domain.Events;
using Lambda.SpeedLayer.Ports;
using Lambda.SpeedLayer.Postgres.Local;
using Lambda.SpeedLayer.Sqlite;
using Lambda.SpeedLayer.Sqlite.Raw;

// A process to be killed: writes until then, and says a line on stdout for everything that was acknowledged.
//   log FILE ROUND          appends batches of two records in two partitions; line: `WRITER/SEQ p:o p:o`
//   postgres                starts a PostgreSQL server; line: its process id and folder
//   checkpoint FOLDER FROM  replaces the same 500 entities, all with the same number; line: the number
const int partitions = 4;
var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
try
{
    if (args[0] == "log") await AppendAsync(args[1], args[2]);
    else if (args[0] == "postgres") await ServeAsync();
    else Checkpoint(args[1], long.Parse(args[2]));
    return 0;
}
catch (StorageException e)
{
    Console.Error.WriteLine(e.Message);
    return 3;
}

async Task AppendAsync(string path, string round)
{
    await using var log = SqliteEventLog.Open(path, partitions, TimeProvider.System);
    await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Run(async () =>
    {
        for (var seq = 0; ; seq++)
        {
            var name = $"{round}.{writer}/{seq}";
            var batch = new AppendBatch(partitions);
            batch.Add(seq % partitions, Encoding.UTF8.GetBytes(name + new string('.', seq * 37 % 3_000)));
            batch.Add((seq + 1 + writer) % partitions, Encoding.UTF8.GetBytes(name));
            var positions = await log.AppendAsync(batch, CancellationToken.None);
            lock (output) output.WriteLine($"{name} {string.Join(' ', positions)}");
        }
    })));
}

async Task ServeAsync()
{
    await using var server = await LocalPostgres.StartAsync();
    output.WriteLine($"{server.ProcessId} {server.Folder}");
    await Task.Delay(Timeout.Infinite);
}

void Checkpoint(string folder, long number)
{
    var store = new SqliteCheckpointStore(folder);
    for (; ; number++)
    {
        var state = Encoding.UTF8.GetBytes($"{number}{new string('.', 500)}");
        store.Write(0, new Checkpoint(number, 1, default), [.. Enumerable.Range(0, 500).Select(i => new StoredEntity(CustomerId.From($"c{i}"), state))]);
        output.WriteLine(number);
    }
}
