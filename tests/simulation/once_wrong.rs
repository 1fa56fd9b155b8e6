//! Seeds that once found a bug. A seed loses its meaning when the order of requests changes: what can
//! be told in a few lines is in `situations/`, and these are kept beside it.

use crate::run_in;
use crate::scenarios::scenario;

/// Seeds that once found a bug: what an in-flight job found about a number that had come to mean
/// another case (amnesia 15), a look that was asked for during another and forgotten (amnesia 385),
/// words on a case that closed while nobody looked (alone 70, 508), a user action that was dated
/// back (alone 24), an incident adopted after it had ended for something else (failover 30), work
/// that began while Zino had not yet listed every case (alone 1150), an instance's outdated RES
/// that kept an incident open (twins 88), two incidents because another Zino kept that of a closed
/// case open (failover 1042), a case closed nine hours after its incident (alone 2870, 2782), user
/// actions of a long pause in reading (alone 4897), user actions delivered twice by way of two
/// incidents (failover 931, amnesia 7987), an END and a RES by turns because a closed case ended
/// what its problem's open case had taken (failover 399), an incident ended as scavenged by the
/// witness of cases that Zino had forgotten itself (amnesia 3173), an incident whose creation
/// nobody heard of (alone 7884), an incident found by its number and kept to itself (amnesia 2352),
/// a stale assignment (failover 7835), clocks compared (amnesia 764), a long-ended incident that a
/// person reopened (alone 22378), numbers given out again unseen (amnesia 11941), two instances
/// that each took what the other's closed case had (failover 14508), a history posted again beside
/// the case's own long-ended incident (failover 15319), an old closed case posted anew by every run
/// (cron 178, 999), people's actions that a Zino with an older state lacked again (amnesia 935), an
/// incident closed and reopened between the two lists of who knew none of his own (reloads 29662,
/// 54246), a reopened case that stood behind a newer one which had closed meanwhile (reloads
/// 65526), another Zino's incident left beside the problem's own after the hand-back (reloads
/// 85382), a user action on a case's own long-ended incident while another one covered the case
/// (reloads 98588), a case that opened and closed unseen after Zino had forgotten all others
/// (amnesia 23368, 24987), a number that was known to be taken and asked for by every run (cron
/// 11927), an incident ended as scavenged a day after Zino had forgotten its case (cron 18978), an
/// incident that an open case had taken and an earlier one, found later, owned (failover 24136),
/// numbers given out again while a case of the earlier life was still to be delivered (amnesia
/// 65993), a forgotten case whose only trace was gone before it was on record (amnesia 73678), an
/// incident that a job found reopened and left beside the one that it had chosen (amnesia 93784), a
/// case that opened and closed unseen, asked for just as the connection broke off (amnesia 95395),
/// the first case of all, which opened and closed unseen (failover 1415), a second incident after an
/// outage that only the primary had (cuts 101011), after a lost answer and a forgetful Zino (amnesia
/// 109632), and beside that of a case of an earlier life (slow 111023), an incident that a closed
/// case ended late, while the open case that shared it was not looked at again (filters 212884), a
/// secondary whose host was cut off between the answer of Argus and the question to its primary
/// (cuts 23715), or whose question to Argus was answered after the primary (cuts 2845). In twins
/// 67865 it was the invariant that looked for a story in the wrong incident.
#[test]
fn what_once_went_wrong_stays_right() {
    let seeds = [
        ("cuts", 2845),
        ("cuts", 23715),
        ("filters", 212884),
        ("slow", 111023),
        ("cuts", 101011),
        ("amnesia", 109632),
        ("amnesia", 15),
        ("amnesia", 385),
        ("alone", 70),
        ("alone", 508),
        ("alone", 24),
        ("failover", 30),
        ("alone", 1150),
        ("twins", 88),
        ("failover", 1042),
        ("alone", 2870),
        ("alone", 2782),
        ("alone", 4897),
        ("failover", 931),
        ("amnesia", 7987),
        ("failover", 399),
        ("amnesia", 3173),
        ("alone", 7884),
        ("amnesia", 2352),
        ("failover", 7835),
        ("amnesia", 764),
        ("alone", 22378),
        ("amnesia", 11941),
        ("failover", 14508),
        ("failover", 15319),
        ("cron", 178),
        ("cron", 999),
        ("amnesia", 935),
        ("reloads", 29662),
        ("reloads", 54246),
        ("reloads", 65526),
        ("reloads", 85382),
        ("reloads", 98588),
        ("amnesia", 23368),
        ("amnesia", 24987),
        ("cron", 11927),
        ("cron", 18978),
        ("failover", 24136),
        ("amnesia", 65993),
        ("amnesia", 73678),
        ("amnesia", 93784),
        ("amnesia", 95395),
        ("failover", 1415),
        ("twins", 67865),
    ];
    for (name, seed) in seeds {
        if let Err(failure) = run_in(scenario(name), name, seed) {
            panic!("{failure}");
        }
    }
}
