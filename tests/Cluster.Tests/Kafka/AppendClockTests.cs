#if KAFKA
using Lambda.SpeedLayer.Kafka.Log;
using Xunit;

namespace Lambda.ClusterTests.Kafka;

public sealed class AppendClockTests
{
    [Fact]
    public void LargestBefore_WhenClocksDiffer_IsTheMaximumOfAllStampsBefore()
    {
        var random = new Random(11);
        for (var round = 0; round < 500; round++)
        {
            long[] stamps = [.. Enumerable.Range(0, 40).Select(i => 1_000_000L + i * 10 + random.Next(100) * random.Next(3) * random.Next(40))];
            var before = random.Next(1, stamps.Length + 1);
            var asked = 0;
            var found = AppendClock.LargestBefore(ms =>
            {
                asked++;
                var first = Array.FindIndex(stamps, s => s >= ms);
                return first < 0 ? null : first;
            }, before, stamps[before - 1]);
            Assert.Equal(stamps[..before].Max(), found);
            Assert.InRange(asked, 1, stamps[..before].Max() == stamps[before - 1] ? 1 : 60);
        }
    }
}
#endif
