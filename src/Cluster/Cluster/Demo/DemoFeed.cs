using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Lambda.Cluster.Cli;
using Lambda.Domain.Events;
using Lambda.Domain.Log;
using Lambda.Simulation;
using Lambda.SpeedLayer.Generation;

namespace Lambda.Cluster.Demo;

/// <summary>
/// Streams generated events into a host over HTTP at a set rate, and remembers what it sent of a sample of customers: the events themselves are the
/// independent truth the answers are held against.
/// </summary>
internal sealed class DemoFeed(Client client, EventGenerator generator, int eventsPerSecond)
{
    private const int SampleOneIn = 64;
    private const int LinesMax = 10_000;
    private const int LinesMin = 500;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(25);

    private readonly Dictionary<string, List<LoggedEvent>> _sample = [];
    private readonly Dictionary<string, HashSet<string>> _seen = [];
    private readonly SortedDictionary<int, long> _positions = [];
    private readonly EventRow _row = new();
    private readonly MemoryStream _body = new();
    private long _number;

    public long Accepted { get; private set; }
    public long Refused { get; private set; }
    public TimeSpan Took { get; private set; }

    /// <summary>What was sent of the sampled customers, each event once, in order.</summary>
    public IReadOnlyDictionary<string, List<LoggedEvent>> Sample => _sample;

    /// <summary>A customer and a position that a read of it must reach, newest post.</summary>
    public (string Customer, string AtLeast) Newest { get; private set; } = ("", "");

    /// <summary>`p:o,…` of everything sent.</summary>
    public string Positions => string.Join(',', _positions.Select(p => new Position(p.Key, p.Value)));

    /// <summary>Until the time is up or all events are out.</summary>
    /// <param name="onPost">After each acknowledged request.</param>
    public async Task RunAsync(TimeSpan time, Func<Task> onPost, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        for (var more = true; more && clock.Elapsed < time;)
        {
            var due = (long)(clock.Elapsed.TotalSeconds * eventsPerSecond) - Accepted - Refused;
            if (due < LinesMin)
            {
                await Task.Delay(Tick, cancel);
                due = (long)(clock.Elapsed.TotalSeconds * eventsPerSecond) - Accepted - Refused;
            }
            more = Fill((int)Math.Clamp(due, 1, LinesMax));
            if (_body.Length == 0) break;
            await PostAsync(cancel);
            await onPost();
        }
        Took = clock.Elapsed;
    }

    private bool Fill(int lines)
    {
        _body.SetLength(0);
        for (var i = 0; i < lines; i++)
        {
            if (!generator.MoveNext()) return false;
            _body.Write(generator.Line);
            _body.WriteByte((byte)'\n');
            if (!generator.IsBad) Remember(generator.Record);
        }
        return true;
    }

    private void Remember(ReadOnlySpan<byte> record)
    {
        var id = RecordCodec.CustomerIdOf(record);
        _number++;
        var customer = Newest.Customer;
        if (Partitioner.Murmur2(id) % SampleOneIn == 0)
        {
            customer = Encoding.UTF8.GetString(id);
            if (!_sample.TryGetValue(customer, out var events))
            {
                _sample[customer] = events = [];
                _seen[customer] = [];
            }
            var kept = record.ToArray();
            RecordCodec.Read(kept, _row);
            var eventId = Encoding.UTF8.GetString(_row.EventId);
            if (_seen[customer].Add(eventId)) events.Add(new LoggedEvent(kept, _number, 0));
        }
        Newest = (customer, Newest.AtLeast);
    }

    private async Task PostAsync(CancellationToken cancel)
    {
        while (true)
        {
            var content = new ByteArrayContent(_body.GetBuffer(), 0, (int)_body.Length) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-ndjson") } };
            using var response = await client.ExchangeAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/events?source=demo") { Content = content }, cancel);
            var body = await response.Content.ReadAsByteArrayAsync(cancel);
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                await Task.Delay(response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1), cancel);
                continue;
            }
            if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.UnprocessableEntity))
                throw new CommandException(ExitCode.Environment, $"{(int)response.StatusCode} {Client.Detail(body)}");
            Count(JsonDocument.Parse(body).RootElement);
            return;
        }
    }

    private void Count(JsonElement intake)
    {
        Accepted += intake.GetProperty("accepted").GetInt64();
        Refused += intake.GetProperty("rejected").GetArrayLength();
        foreach (var position in intake.GetProperty("positions").EnumerateObject()) _positions[int.Parse(position.Name, null)] = position.Value.GetInt64();
        Newest = (Newest.Customer, Positions);
    }
}
