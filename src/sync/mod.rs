//! Where records meet the rooms: one file and one attach function each.
//!
//! A meeting turns the record set into what a room understands and the room's answer into what a
//! firmware engineer asked. It computes when asked, and again only if the digest of the records
//! changed; so nothing has to be told when a record arrives.

pub mod flows;
