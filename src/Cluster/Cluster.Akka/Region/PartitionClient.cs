using Akka.Actor;
using Lambda.Cluster.Actors.Messages;
using Lambda.Domain.Events;

namespace Lambda.Cluster.Actors.Region;

/// <summary>
/// Asks partitions wherever they live. Reads that come while one is under way to the same partition go together. A partition that moves, replays or was
/// lost with its node is asked again until the time is up: then the answer is that it cannot be had now, never an old one.
/// </summary>
public sealed class PartitionClient
{
    private const int BatchMax = 256;
    private const int UnderWayMax = 4;
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(25);

    private volatile IPartitionRoute _route;
    private readonly TimeProvider _time;
    private readonly Lane[] _lanes;

    public PartitionClient(IPartitionRoute route, int partitions, TimeProvider time)
    {
        (_route, _time) = (route, time);
        _lanes = [.. Enumerable.Range(0, partitions).Select(p => new Lane(this, p))];
    }

    /// <summary>How long a read is tried again for that the partition cannot answer now.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    public int Partitions => _lanes.Length;

    /// <summary>Asks by this way from now on.</summary>
    public void GoBy(IPartitionRoute route) => _route = route;

    /// <param name="atLeast">Offset that must be in the parts; -1 for none.</param>
    /// <param name="wait">How long to wait for it.</param>
    public async Task<ReadPart> ReadAsync(int partition, CustomerId customer, long atLeast, TimeSpan wait, CancellationToken cancel)
    {
        var since = _time.GetTimestamp();
        while (true)
        {
            var left = wait - _time.GetElapsedTime(since);
            var waitMs = (int)Math.Max(0, left.TotalMilliseconds);
            var part = atLeast < 0
                ? await _lanes[partition].ReadAsync(customer).WaitAsync(cancel)
                : await ReadAloneAsync(new ReadOne(customer, atLeast, waitMs), partition, cancel); // who waits must not make others wait
            if (part.Outcome != PartOutcome.Unavailable || _time.GetElapsedTime(since) > (wait > Patience ? wait : Patience)) return part;
            await Task.Delay(RetryPause, _time, cancel);
        }
    }

    /// <summary>Several customers of one partition, in their order: they are asked for together, and again together with others if they must.</summary>
    public async Task<ReadPart[]> ReadManyAsync(int partition, IReadOnlyList<CustomerId> customers, CancellationToken cancel)
    {
        var since = _time.GetTimestamp();
        var parts = await Task.WhenAll(_lanes[partition].ReadAsync(customers)).WaitAsync(cancel);
        while (parts.Any(p => p.Outcome == PartOutcome.Unavailable) && _time.GetElapsedTime(since) <= Patience)
        {
            await Task.Delay(RetryPause, _time, cancel);
            int[] left = [.. Enumerable.Range(0, parts.Length).Where(i => parts[i].Outcome == PartOutcome.Unavailable)];
            var again = await Task.WhenAll(_lanes[partition].ReadAsync([.. left.Select(i => customers[i])])).WaitAsync(cancel);
            for (var i = 0; i < left.Length; i++) parts[left[i]] = again[i];
        }
        return parts;
    }

    /// <exception cref="AskTimeoutException">No answer in time.</exception>
    public Task<T> AskAsync<T>(IPartitionMessage message, TimeSpan timeout, CancellationToken cancel) => _route.AskAsync<T>(message, timeout, cancel);

    public void Tell(IPartitionMessage message) => _route.Tell(message);

    private async Task<ReadPart> ReadAloneAsync(ReadOne read, int partition, CancellationToken cancel)
    {
        try
        {
            var timeout = AskTimeout + TimeSpan.FromMilliseconds(read.WaitMs);
            return (await _route.AskAsync<ReadManyReply>(new ReadMany(partition, [read]), timeout, cancel)).Parts[0];
        }
        catch (AskTimeoutException)
        {
            return Silent(partition);
        }
    }

    private static ReadPart Silent(int partition) => ReadPart.Not(PartOutcome.Unavailable, 0, $"partition {partition} does not answer: it is moving, or its node is lost");

    /// <summary>The way to one partition.</summary>
    private sealed class Lane(PartitionClient client, int partition)
    {
        private readonly Lock _gate = new();
        private List<(ReadOne Read, TaskCompletionSource<ReadPart> Answer)> _waiting = [];
        private int _underWay;

        public Task<ReadPart> ReadAsync(CustomerId customer)
        {
            var answer = new TaskCompletionSource<ReadPart>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate) _waiting.Add((new ReadOne(customer, -1, 0), answer));
            SendNext();
            return answer.Task;
        }

        public Task<ReadPart>[] ReadAsync(IReadOnlyList<CustomerId> customers)
        {
            var answers = customers.Select(_ => new TaskCompletionSource<ReadPart>(TaskCreationOptions.RunContinuationsAsynchronously)).ToArray();
            lock (_gate) _waiting.AddRange(customers.Zip(answers, (c, a) => (new ReadOne(c, -1, 0), a)));
            for (var sent = 0; sent < customers.Count; sent += BatchMax) SendNext();
            return Array.ConvertAll(answers, a => a.Task);
        }

        private void SendNext()
        {
            List<(ReadOne Read, TaskCompletionSource<ReadPart> Answer)> batch;
            lock (_gate)
            {
                if (_underWay >= UnderWayMax || _waiting.Count == 0) return;
                _underWay++;
                batch = _waiting.Count <= BatchMax ? _waiting : _waiting.GetRange(0, BatchMax);
                _waiting = _waiting.Count <= BatchMax ? [] : _waiting.GetRange(BatchMax, _waiting.Count - BatchMax);
            }
            _ = SendAsync(batch);
        }

        private async Task SendAsync(List<(ReadOne Read, TaskCompletionSource<ReadPart> Answer)> batch)
        {
            IReadOnlyList<ReadPart>? parts = null;
            try
            {
                parts = (await client._route.AskAsync<ReadManyReply>(new ReadMany(partition, [.. batch.Select(b => b.Read)]), AskTimeout, CancellationToken.None)).Parts;
            }
            catch (Exception e) when (e is AskTimeoutException or TaskCanceledException)
            {
                // Each is told so, and tries again as long as it has time.
            }
            for (var i = 0; i < batch.Count; i++) batch[i].Answer.TrySetResult(parts?[i] ?? Silent(partition));
            lock (_gate) _underWay--;
            SendNext();
        }
    }
}
