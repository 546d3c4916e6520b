//! What a change makes of a manifest, when it is known what it makes of a part of the app.
//!
//! A part of the app was put together twice: with a file as it was, and as it is now. Where both say the same, so does the
//! whole. Where they differ, the difference is that of the whole, as far as the manifest is made of things that one place
//! says alone, and of such that many places say together of which the first place, the highest access and all names count. Of
//! these a part knows what comes to them, and not what is left when one of its own goes. So what goes is nothing that can be
//! told here, and then there is no answer.

use std::collections::BTreeSet;

use schema_documents::Position;
use schema_documents::manifest::{
    Binds, Bucket, BucketUse, Cache, CacheUse, Call, CronJob, Database, DatabaseUse, Endpoint, Keyspace,
    Manifest, Metric, Secret, Service, Subscription, Topic,
};

/// A part of an app, put together twice. Both are sorted as the whole is, and have its services in the same order.
pub(crate) struct Difference<'d> {
    pub(crate) before: &'d Manifest,
    pub(crate) now: &'d Manifest,
    /// The files that changed or matter for the first time. All that can be said about what these say is in the part.
    pub(crate) changed: &'d BTreeSet<String>,
}

impl Difference<'_> {
    /// The whole as it is now; absent when that cannot be told.
    pub(crate) fn applied(&self, mut whole: Manifest) -> Option<Manifest> {
        // All is named, so that nothing is left out that comes to a manifest some day.
        let Manifest {
            version: _,
            app: _,
            language: _,
            services,
            databases,
            topics,
            buckets,
            caches,
            cron_jobs,
            secrets,
            metrics,
            gateways,
            auth_handler,
            calls,
        } = &mut whole;
        let (before, now) = (self.before, self.now);
        // What there is once for an app is not for a part to tell.
        let _ = (gateways, auth_handler);
        if (&before.gateways, &before.auth_handler) != (&now.gateways, &now.auth_handler) {
            return None;
        }
        self.services(services)?;
        self.owned(databases, &before.databases, &now.databases)?;
        self.owned(buckets, &before.buckets, &now.buckets)?;
        self.owned(cron_jobs, &before.cron_jobs, &now.cron_jobs)?;
        self.owned(metrics, &before.metrics, &now.metrics)?;
        self.shared(topics, &before.topics, &now.topics)?;
        self.shared(caches, &before.caches, &now.caches)?;
        self.shared(secrets, &before.secrets, &now.secrets)?;
        self.shared(calls, &before.calls, &now.calls)?;
        Some(whole)
    }

    fn services(&self, whole: &mut [Service]) -> Option<()> {
        let (before, now) = (&self.before.services, &self.now.services);
        if before.len() != now.len() || before.len() != whole.len() {
            return None;
        }
        let mut all = whole.iter_mut().zip(before).zip(now);
        all.try_for_each(|((whole, before), now)| self.service(whole, before, now))
    }

    fn service(&self, whole: &mut Service, before: &Service, now: &Service) -> Option<()> {
        let Service { name, path, language, at, databases, buckets, caches, metrics, binds, endpoints } =
            whole;
        let is_it = |one: &Service| (&one.name, &one.path, &one.language) == (&*name, &*path, &*language);
        let has_moved = before.at != now.at;
        if !is_it(before) || !is_it(now) || before.at != *at || (has_moved && !self.is_changed(&now.at)) {
            return None;
        }
        at.clone_from(&now.at);
        self.shared(databases, &before.databases, &now.databases)?;
        self.shared(buckets, &before.buckets, &now.buckets)?;
        self.shared(caches, &before.caches, &now.caches)?;
        self.owned(endpoints, &before.endpoints, &now.endpoints)?;
        all(metrics, &before.metrics, &now.metrics)?;
        let Binds { databases, topics, buckets, caches } = binds;
        all(databases, &before.binds.databases, &now.binds.databases)?;
        all(topics, &before.binds.topics, &now.binds.topics)?;
        all(buckets, &before.binds.buckets, &now.binds.buckets)?;
        all(caches, &before.binds.caches, &now.binds.caches)
    }

    fn is_changed(&self, at: &Position) -> bool {
        self.changed.contains(&at.file)
    }

    /// What one place alone says: the whole has of the changed files what the part has.
    fn owned<T: Placed>(&self, whole: &mut Vec<T>, before: &[T], now: &[T]) -> Option<()> {
        let mine =
            |list: &[T]| -> Vec<T> { list.iter().filter(|one| self.is_changed(one.at())).cloned().collect() };
        let others = |list: &[T]| -> Vec<T> {
            list.iter().filter(|one| !self.is_changed(one.at())).cloned().collect()
        };
        if mine(whole) != mine(before) || others(before) != others(now) {
            return None;
        }
        whole.retain(|one| !self.is_changed(one.at()));
        whole.extend(mine(now));
        Some(())
    }

    /// What several places say together, told apart by its name.
    fn shared<T: Shared>(&self, whole: &mut Vec<T>, before: &[T], now: &[T]) -> Option<()> {
        let names = |list: &[T]| list.iter().map(Shared::name).collect::<BTreeSet<_>>();
        let are_told_apart = |list: &[T]| names(list).len() == list.len();
        if !are_told_apart(whole) || !are_told_apart(before) || !are_told_apart(now) {
            return None;
        }
        if !names(before).is_subset(&names(now)) {
            return None;
        }
        for now in now {
            let is_it = |one: &&T| one.name() == now.name();
            let before = before.iter().find(is_it);
            match (whole.iter_mut().find(|one| one.name() == now.name()), before) {
                (Some(whole), Some(before)) => whole.follow(before, now, self)?,
                (Some(whole), None) => whole.join(now)?,
                (None, None) => whole.push(now.clone()),
                (None, Some(_)) => return None,
            }
        }
        Some(())
    }

    /// The first of many places.
    fn first(&self, whole: &mut Position, before: &Position, now: &Position) -> Option<()> {
        if *whole < *before {
            // Another place is the first of all, outside of the part.
            if now < whole {
                whole.clone_from(now);
            }
            return Some(());
        }
        // Places outside of the part are later, and in other files if that is one which changed: it is in the part with all
        // that it says.
        let stays_before_them = now <= before || (now.file == before.file && self.is_changed(now));
        if whole != before || !stays_before_them {
            return None;
        }
        whole.clone_from(now);
        Some(())
    }
}

/// Adds names to a list of which none may go.
fn all<N: Ord + Clone>(whole: &mut Vec<N>, before: &[N], now: &[N]) -> Option<()> {
    let set = |list: &[N]| list.iter().cloned().collect::<BTreeSet<N>>();
    let (of_whole, before, now) = (set(whole), set(before), set(now));
    if !before.is_subset(&now) || !before.is_subset(&of_whole) {
        return None;
    }
    if before != now {
        *whole = of_whole.union(&now).cloned().collect();
    }
    Some(())
}

/// What stands somewhere.
trait Placed: Clone + PartialEq {
    fn at(&self) -> &Position;
}

macro_rules! placed {
    ($($kind:ty),*) => {
        $(impl Placed for $kind {
            fn at(&self) -> &Position {
                &self.at
            }
        })*
    };
}

placed!(Database, Bucket, CronJob, Metric, Endpoint, Subscription, Keyspace, Topic, Cache);

/// What several places say together.
trait Shared: Clone {
    type Name: Ord;

    fn name(&self) -> Self::Name;

    /// Follows what became of its part.
    fn follow(&mut self, before: &Self, now: &Self, difference: &Difference<'_>) -> Option<()>;

    /// Takes in a part, of which there was none; absent where that cannot be, because only one place may say it.
    fn join(&mut self, now: &Self) -> Option<()>;
}

macro_rules! used_with_access {
    ($($kind:ident: $name:ident),*) => {
        $(impl Shared for $kind {
            type Name = String;

            fn name(&self) -> String {
                self.$name.clone()
            }

            fn follow(&mut self, before: &Self, now: &Self, difference: &Difference<'_>) -> Option<()> {
                if before.access > now.access || before.access > self.access {
                    return None;
                }
                difference.first(&mut self.at, &before.at, &now.at)?;
                self.access = self.access.max(now.access);
                Some(())
            }

            fn join(&mut self, now: &Self) -> Option<()> {
                self.access = self.access.max(now.access);
                self.at = self.at.clone().min(now.at.clone());
                Some(())
            }
        })*
    };
}

used_with_access!(DatabaseUse: database, CacheUse: cache);

impl Shared for BucketUse {
    type Name = String;

    fn name(&self) -> String {
        self.bucket.clone()
    }

    fn follow(&mut self, before: &Self, now: &Self, difference: &Difference<'_>) -> Option<()> {
        difference.first(&mut self.at, &before.at, &now.at)?;
        all(&mut self.operations, &before.operations, &now.operations)
    }

    fn join(&mut self, now: &Self) -> Option<()> {
        self.at = self.at.clone().min(now.at.clone());
        all(&mut self.operations, &[], &now.operations)
    }
}

impl Shared for Call {
    type Name = (String, String);

    fn name(&self) -> (String, String) {
        (self.from_service.clone(), self.to.clone())
    }

    fn follow(&mut self, before: &Self, now: &Self, difference: &Difference<'_>) -> Option<()> {
        difference.first(&mut self.at, &before.at, &now.at)
    }

    fn join(&mut self, now: &Self) -> Option<()> {
        self.at = self.at.clone().min(now.at.clone());
        Some(())
    }
}

impl Shared for Secret {
    type Name = String;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn follow(&mut self, before: &Self, now: &Self, difference: &Difference<'_>) -> Option<()> {
        if (before.scope, before.reference) != (now.scope, now.reference) {
            return None;
        }
        difference.first(&mut self.at, &before.at, &now.at)?;
        all(&mut self.packages_or_services, &before.packages_or_services, &now.packages_or_services)
    }

    fn join(&mut self, now: &Self) -> Option<()> {
        if (self.scope, self.reference) != (now.scope, now.reference) {
            return None;
        }
        self.at = self.at.clone().min(now.at.clone());
        all(&mut self.packages_or_services, &[], &now.packages_or_services)
    }
}

impl Shared for Topic {
    type Name = String;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn follow(&mut self, before: &Self, now: &Self, difference: &Difference<'_>) -> Option<()> {
        let said_once =
            |topic: &Self| Self { publishers: Vec::new(), subscriptions: Vec::new(), ..topic.clone() };
        declared(&said_once(self), &said_once(before), &said_once(now), difference)?;
        all(&mut self.publishers, &before.publishers, &now.publishers)?;
        difference.owned(&mut self.subscriptions, &before.subscriptions, &now.subscriptions)?;
        let (publishers, subscriptions) =
            (std::mem::take(&mut self.publishers), std::mem::take(&mut self.subscriptions));
        *self = Self { publishers, subscriptions, ..now.clone() };
        Some(())
    }

    fn join(&mut self, _: &Self) -> Option<()> {
        None
    }
}

impl Shared for Cache {
    type Name = String;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn follow(&mut self, before: &Self, now: &Self, difference: &Difference<'_>) -> Option<()> {
        let said_once = |cache: &Self| Self { keyspaces: Vec::new(), ..cache.clone() };
        declared(&said_once(self), &said_once(before), &said_once(now), difference)?;
        difference.owned(&mut self.keyspaces, &before.keyspaces, &now.keyspaces)?;
        let keyspaces = std::mem::take(&mut self.keyspaces);
        *self = Self { keyspaces, ..now.clone() };
        Some(())
    }

    fn join(&mut self, _: &Self) -> Option<()> {
        None
    }
}

/// What a declaration alone says: it is that of the part, and another one only when its file changed.
fn declared<T: Placed>(whole: &T, before: &T, now: &T, difference: &Difference<'_>) -> Option<()> {
    let may_change = difference.is_changed(before.at()) && difference.is_changed(now.at());
    (whole == before && (before == now || may_change)).then_some(())
}
