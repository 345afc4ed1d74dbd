using System.Text;
using Lambda.Domain.Events;

namespace Lambda.SpeedLayer.Generation;

/// <summary>Where the generated customers live and shop. Amounts are in euro cents, shares per mille.</summary>
internal static class World
{
    internal sealed record City(byte[] Country, byte[] Name, int LatMicro, int LonMicro, byte[] Currency, int CurrencyPerEuroMilli);

    internal sealed record Category(byte[] Name, int Mcc, int MeanCents, int Merchants, int OnlinePerMille, byte[][] Names);

    /// <param name="Weights">Of the categories, in their order.</param>
    internal sealed record Segment(string Name, int SharePerMille, uint Activity, int IncomeCents, int TicketPercent, int AppPerMille, int TravelPerMille, byte[] Tier, int Score, uint[] Weights);

    internal static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    internal static byte[][] Words(string text) => [.. text.Split('|').Select(Utf8)];

    internal static readonly City[] Homes =
    [
        Euro("AT", "Wien", 48_208_200, 16_373_800), Euro("AT", "Graz", 47_070_700, 15_439_500), Euro("DE", "München", 48_135_100, 11_582_000),
        Euro("DE", "Berlin", 52_520_000, 13_405_000), Euro("DE", "Köln", 50_937_500, 6_960_300), Euro("IT", "Milano", 45_464_200, 9_190_000),
        Euro("FR", "Lyon", 45_764_000, 4_835_700), Euro("ES", "València", 39_469_900, -376_300), Euro("NL", "Utrecht", 52_090_700, 5_121_400), Euro("FI", "Turku", 60_451_800, 22_266_600),
    ];

    internal static readonly City[] Abroad =
    [
        Far("GB", "London", 51_507_400, -127_800, "GBP", 845), Far("CH", "Zürich", 47_376_900, 8_541_700, "CHF", 941), Far("US", "New York", 40_712_800, -74_006_000, "USD", 1_087),
        Far("JP", "Tokyo", 35_676_200, 139_650_300, "JPY", 163_400), Far("CZ", "Praha", 50_075_500, 14_437_800, "CZK", 25_120), Far("HU", "Budapest", 47_497_900, 19_040_200, "HUF", 393_500),
        Far("TR", "İstanbul", 41_008_200, 28_978_400, "TRY", 35_210), Far("KW", "Kuwait City", 29_375_900, 47_977_400, "KWD", 334), Far("PT", "Lisboa", 38_722_300, -9_139_300, "EUR", 1_000),
    ];

    internal const int Salary = 12, Transfer = 13, Cash = 11; // indexes below, as in the catalog's vocabulary

    /// <summary>In the order of the catalog's vocabulary.</summary>
    internal static readonly Category[] Categories =
    [
        Of("groceries", 5411, 3_400, 400, 60, "Spar|Billa|Lidl|Markthalle|Biohof"), Of("restaurants", 5812, 2_700, 600, 40, "Café Central|Trattoria Roma|Zum Wirt|Sushi Bar|Burger Haus"),
        Of("transport", 4111, 450, 60, 300, "Stadtwerke|Metro|Bahn|E-Scooter|Taxi"), Of("fuel", 5541, 5_800, 120, 0, "Tankstelle Nord|Shell|OMV|Aral|Eni"),
        Of("travel", 4722, 21_000, 90, 850, "Reisebüro|FlyAway|Hotel Post|Rail Tours|Camping See"), Of("entertainment", 7832, 1_600, 150, 500, "Kino|Streamo|Theater|Konzerthaus|Game Store"),
        Of("shopping", 5311, 5_200, 700, 550, "Kaufhaus|Mode & Mehr|Elektro Blitz|Buchladen|Sportwelt"), Of("health", 5912, 2_300, 130, 100, "Apotheke|Optiker|Praxis Dr. Weiß|Physio|Drogerie"),
        Of("utilities", 4900, 8_900, 30, 900, "Energie AG|Wasserwerk|Telekom|Internet GmbH|Müllabfuhr"), Of("education", 8220, 12_000, 40, 700, "Universität|Sprachschule|Musikschule|Kursportal|Verlag"),
        Of("services", 7299, 4_100, 200, 300, "Friseur|Reinigung|Handwerk Huber|Versicherung|Fitness"), Of("cash", 6011, 9_000, 80, 0, "Bankomat|ATM|Geldautomat|Kasse|Bank"),
        Of("salary", 6012, 0, 900, 0, "Arbeitgeber"), Of("transfer", 6012, 15_000, 1, 1000, "Überweisung"),
    ];

    internal static readonly Segment[] Segments =
    [
        //                                  income  ticket app travel                      gro rest tra fuel trav ent shop hea uti edu ser cash sal transfer
        new("student", 180, 140, 95_000, 45, 420, 40, Utf8("basic"), 560, [240, 160, 220, 10, 10, 130, 120, 15, 20, 40, 15, 60, 0, 30]),
        new("family", 330, 160, 320_000, 100, 250, 50, Utf8("silver"), 640, [340, 70, 60, 110, 12, 50, 150, 60, 50, 20, 60, 40, 0, 20]),
        new("affluent", 140, 190, 720_000, 210, 300, 180, Utf8("gold"), 760, [200, 190, 60, 70, 50, 80, 190, 50, 30, 15, 50, 20, 0, 30]),
        new("business", 130, 230, 540_000, 260, 340, 260, Utf8("platinum"), 710, [110, 210, 150, 90, 110, 20, 120, 20, 40, 15, 80, 25, 0, 60]),
        new("senior", 220, 70, 210_000, 70, 90, 30, Utf8("basic"), 690, [380, 90, 50, 50, 15, 30, 90, 140, 60, 2, 60, 110, 0, 20]),
    ];

    /// <summary>Quantiles of a log-normal multiplier (sigma 0.8), per mille: how prices scatter around their mean.</summary>
    internal static readonly int[] Scatter =
        [110, 160, 200, 230, 260, 290, 320, 350, 380, 410, 440, 470, 510, 550, 590, 630, 680, 730, 780, 840, 910, 990, 1080, 1180, 1300, 1450, 1640, 1890, 2230, 2760, 3700, 6200];

    /// <summary>How the day's events spread over its hours, per mille.</summary>
    internal static readonly int[] Hours = [6, 4, 3, 2, 3, 8, 22, 42, 55, 52, 52, 60, 78, 66, 54, 52, 58, 72, 86, 82, 62, 42, 25, 14];

    internal static readonly byte[][] FirstNames = Words("Anna|Luca|Marie|Jonas|Sofia|Elias|Léa|Noah|Chiara|Max|Emma|Pablo|Mila|Felix|Aino|Tim|Nora|Jan|Zoë|Ben");
    internal static readonly byte[][] LastNames = Words("Huber|Müller|Rossi|Dubois|García|Novák|de Vries|Virtanen|Schmidt|Gruber|Bianchi|Martin|López|Bauer|Wagner|Moreau|Fischer|Korhonen|Jansen|Weber");
    internal static readonly byte[][] Occupations = Words("student|teacher|nurse|engineer|retired|manager|electrician|designer|lawyer|baker");
    internal static readonly byte[][] AppEvents = Words("screen_view|button_click|transfer_started|statement_opened|offer_viewed|card_frozen|search|push_opened");
    internal static readonly byte[][] AuthMethods = Words("biometric|biometric|biometric|pin|password|passkey|otp");
    internal static readonly byte[][] Platforms = Words("ios|android|android|web");
    internal static readonly byte[][] AppVersions = Words("7.4.0|7.4.1|7.5.0|8.0.0");
    internal static readonly byte[][] LoginFailures = Words("wrong_password|wrong_pin|biometric_mismatch|locked|expired_session");
    internal static readonly byte[][] Declines = Words("insufficient_funds|limit_exceeded|suspected_fraud|expired_card|merchant_blocked");
    internal static readonly byte[][] FraudScenarios = Words("card_not_present|account_takeover|skimming|phishing");
    internal static readonly byte[][] Purposes = Words("marketing|profiling|analytics|third_party");
    internal static readonly byte[][] Bureaus = Words("KSV|SCHUFA|CRIF");
    internal static readonly byte[][] Programs = Words("points|miles");

    private static City Euro(string country, string name, int lat, int lon) => new(Utf8(country), Utf8(name), lat, lon, Utf8("EUR"), 1_000);

    private static City Far(string country, string name, int lat, int lon, string currency, int perEuroMilli) => new(Utf8(country), Utf8(name), lat, lon, Utf8(currency), perEuroMilli);

    private static Category Of(string name, int mcc, int meanCents, int merchants, int onlinePerMille, string names) =>
        new(Utf8(name), mcc, meanCents, merchants, onlinePerMille, Words(names));
}
