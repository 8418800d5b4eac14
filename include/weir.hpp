/** @file
 * weir.h for C++11 and later. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * One class per handle. An object owns the storage of its handle, so it can be neither copied nor
 * moved; make it static, or a member of something that stays where it is. Its methods are the C
 * functions without their prefix, inlined, and return what those return. Nothing here throws,
 * allocates or needs a run-time library, and nothing is added to the binary interface.
 *
 * Three things are done for you: capacities are written into the config, so that storage and
 * config agree; `size` of a struct is set before a call fills it; and the destructor deinits.
 * An object that was not started has no handle: its methods return WEIR_ERR_NULL. */

#ifndef WEIR_HPP
#define WEIR_HPP

#include <weir.h>

/** The C++ face of weir. */
namespace weir
{

/** What the classes share; nothing to be named by an application. */
namespace detail
{

/** Owns the storage of one handle and gives it back. Later handles derive from this, too. */
template <class Handle, size_t room, weir_status (*deinit_handle)(Handle *)> class Owner
{
  public:
    Owner(const Owner &) = delete;
    Owner &operator=(const Owner &) = delete;

    /** The handle for functions of weir.h, NULL before start and after deinit. */
    Handle *raw() const
    {
        return handle_;
    }

    /** Gives the storage back, all zero. Nothing to do if not started. Context: thread. */
    WEIR_CHECK_RESULT weir_status deinit()
    {
        const weir_status status = handle_ == nullptr ? WEIR_OK : deinit_handle(handle_);
        if (status == WEIR_OK) {
            handle_ = nullptr;
        }
        return status;
    }

  protected:
    /** Constant initialisation: a static object lies in .bss. */
    constexpr Owner() noexcept : handle_(nullptr), storage_()
    {
    }

    /** Deinits. Not inside a call on the handle, and not while it is attached to another. */
    ~Owner()
    {
        static_cast<void>(!deinit());
    }

    /** Calls an init function, unless the handle is started already. */
    template <class Config>
    weir_status init(weir_status (*init_handle)(Handle **, void *, size_t, const Config *),
                     const Config &config)
    {
        return handle_ != nullptr ? WEIR_ERR_STATE
                                  : init_handle(&handle_, storage_, sizeof storage_, &config);
    }

  private:
    Handle *handle_;
    alignas(8) uint64_t storage_[WEIR_WORDS(room)];
};

/** Bytes of a node, with signed records or without. */
constexpr size_t mesh_bytes(size_t nodes, size_t degree, size_t neighbours, size_t inbox_frames,
                            size_t frame_max, size_t records, size_t payload)
{
    return WEIR_MESH_BYTES(nodes, degree, neighbours, inbox_frames, frame_max) +
           (records == 0 && payload == 0 ? 0 : WEIR_MESH_SIGNED(records, payload));
}

/** Sets the `size` that a call looks at before it fills a struct. */
template <class Struct> Struct *sized(Struct &out)
{
    out.size = sizeof out;
    return &out;
}

/** The calls of a complex, whatever it is for. */
template <size_t room> class ComplexCalls : public Owner<weir_complex, room, weir_complex_deinit>
{
  public:
    using Owner<weir_complex, room, weir_complex_deinit>::raw;

    /** Forgets all nodes, edges and triangles. See weir_complex_reset. */
    WEIR_CHECK_RESULT weir_status reset()
    {
        return weir_complex_reset(raw());
    }
    /** Adds node `id`. See weir_complex_add_node. */
    WEIR_CHECK_RESULT weir_status add_node(uint16_t id)
    {
        return weir_complex_add_node(raw(), id);
    }
    /** Joins two nodes. See weir_complex_add_edge. */
    WEIR_CHECK_RESULT weir_status add_edge(uint16_t a, uint16_t b)
    {
        return weir_complex_add_edge(raw(), a, b);
    }
    /** Fills a triangle. See weir_complex_add_triangle. */
    WEIR_CHECK_RESULT weir_status add_triangle(uint16_t a, uint16_t b, uint16_t c)
    {
        return weir_complex_add_triangle(raw(), a, b, c);
    }
    /** Removes node `id` and its edges. See weir_complex_remove_node. */
    WEIR_CHECK_RESULT weir_status remove_node(uint16_t id)
    {
        return weir_complex_remove_node(raw(), id);
    }
    /** Removes an edge. See weir_complex_remove_edge. */
    WEIR_CHECK_RESULT weir_status remove_edge(uint16_t a, uint16_t b)
    {
        return weir_complex_remove_edge(raw(), a, b);
    }
    /** Gives the ends of an edge. See weir_complex_get_edge. */
    WEIR_CHECK_RESULT weir_status get_edge(size_t index, uint16_t &a, uint16_t &b)
    {
        return weir_complex_get_edge(raw(), index, &a, &b);
    }
    /** Groups the edges of a node by vertex. See weir_complex_get_corners. */
    WEIR_CHECK_RESULT weir_status get_corners(uint16_t id, uint16_t *corner, size_t edges,
                                              uint16_t &count)
    {
        return weir_complex_get_corners(raw(), id, corner, edges, &count);
    }
    /** Removes circulation from a flow. See weir_complex_settle. */
    WEIR_CHECK_RESULT weir_status settle(const weir_q16 *flow, weir_q16 *out, size_t edges)
    {
        return weir_complex_settle(raw(), flow, out, edges, nullptr);
    }
    /** The same, with a report. */
    WEIR_CHECK_RESULT weir_status settle(const weir_q16 *flow, weir_q16 *out, size_t edges,
                                         weir_complex_report &report)
    {
        return weir_complex_settle(raw(), flow, out, edges, sized(report));
    }
    /** Settles, moving trusted edges less. See weir_complex_settle_trusted. */
    WEIR_CHECK_RESULT weir_status settle_trusted(const weir_q16 *flow, const uint8_t *trust,
                                                 weir_q16 *out, size_t edges)
    {
        return weir_complex_settle_trusted(raw(), flow, trust, out, edges, nullptr);
    }
    /** The same, with a report. */
    WEIR_CHECK_RESULT weir_status settle_trusted(const weir_q16 *flow, const uint8_t *trust,
                                                 weir_q16 *out, size_t edges,
                                                 weir_complex_report &report)
    {
        return weir_complex_settle_trusted(raw(), flow, trust, out, edges, sized(report));
    }
    /** Splits a flow into three parts. See weir_complex_decompose. */
    WEIR_CHECK_RESULT weir_status decompose(const weir_q16 *flow, weir_q16 *gradient,
                                            weir_q16 *circulation, weir_q16 *harmonic, size_t edges)
    {
        return weir_complex_decompose(raw(), flow, gradient, circulation, harmonic, edges, nullptr);
    }
    /** The same, with a report. */
    WEIR_CHECK_RESULT weir_status decompose(const weir_q16 *flow, weir_q16 *gradient,
                                            weir_q16 *circulation, weir_q16 *harmonic, size_t edges,
                                            weir_complex_parts &report)
    {
        return weir_complex_decompose(raw(), flow, gradient, circulation, harmonic, edges,
                                      sized(report));
    }
    /** Lets triangles give back their circulation. See weir_complex_relax. */
    WEIR_CHECK_RESULT weir_status relax(weir_q16 *flow, size_t edges, uint16_t sweeps)
    {
        return weir_complex_relax(raw(), flow, edges, sweeps, nullptr);
    }
    /** The same, with a report. */
    WEIR_CHECK_RESULT weir_status relax(weir_q16 *flow, size_t edges, uint16_t sweeps,
                                        weir_relax_report &report)
    {
        return weir_complex_relax(raw(), flow, edges, sweeps, sized(report));
    }
    /** Plans how to level loads; `capacity` may be NULL. See weir_complex_plan. */
    WEIR_CHECK_RESULT weir_status plan(const int32_t *load, const uint16_t *capacity, size_t nodes,
                                       int32_t *flow, size_t edges)
    {
        return weir_complex_plan(raw(), load, capacity, nodes, flow, edges);
    }
    /** Finds a spanning forest; `up` and `capacity` may be NULL. See weir_complex_seat. */
    WEIR_CHECK_RESULT weir_status seat(const uint8_t *up, const uint16_t *capacity,
                                       weir_seat *seats, size_t nodes, weir_forest &forest)
    {
        return weir_complex_seat(raw(), up, capacity, seats, nodes, sized(forest));
    }
    /** Finds how fast diffusion may go. See weir_complex_pace. */
    WEIR_CHECK_RESULT weir_status pace(const uint8_t *up, const uint16_t *capacity,
                                       const weir_seat *seats, size_t nodes, int64_t *work,
                                       weir_pace &out)
    {
        return weir_complex_pace(raw(), up, capacity, seats, nodes, work, sized(out));
    }

  protected:
    constexpr ComplexCalls() noexcept
    {
    }
    ~ComplexCalls() = default;
};

/** The calls of a node. */
template <size_t room> class MeshCalls : public Owner<weir_mesh, room, weir_mesh_deinit>
{
  public:
    using Owner<weir_mesh, room, weir_mesh_deinit>::raw;

    /** Forgets everything but the config. See weir_mesh_reset. */
    WEIR_CHECK_RESULT weir_status reset(uint32_t boot)
    {
        return weir_mesh_reset(raw(), boot);
    }

    /** Takes the complex back. See weir_mesh_detach_complex. */
    WEIR_CHECK_RESULT weir_status detach_complex()
    {
        return weir_mesh_detach_complex(raw());
    }

    /** Puts a key into a slot; `tag_len` is 8 or 16. The key is copied. See weir_mesh_set_key. */
    WEIR_CHECK_RESULT weir_status set_key(uint8_t slot, const uint8_t (&key)[16], uint8_t tag_len)
    {
        return weir_mesh_set_key(raw(), slot, key, tag_len);
    }
    /** Chooses the key that seals. See weir_mesh_set_sending_key. */
    WEIR_CHECK_RESULT weir_status set_sending_key(uint8_t slot)
    {
        return weir_mesh_set_sending_key(raw(), slot);
    }
    /** Wipes a key. See weir_mesh_remove_key. */
    WEIR_CHECK_RESULT weir_status remove_key(uint8_t slot)
    {
        return weir_mesh_remove_key(raw(), slot);
    }

    /** Copies a frame into the inbox. Context: ISR or thread. See weir_mesh_receive_isr. */
    WEIR_CHECK_RESULT weir_status receive_isr(const uint8_t *frame, size_t len, int8_t rssi_dbm)
    {
        return weir_mesh_receive_isr(raw(), frame, len, rssi_dbm);
    }
    /** Does what is due. See weir_mesh_poll. */
    WEIR_CHECK_RESULT weir_status poll(uint64_t now_ms)
    {
        return weir_mesh_poll(raw(), now_ms, nullptr);
    }
    /** The same, and says when to come again. */
    WEIR_CHECK_RESULT weir_status poll(uint64_t now_ms, weir_mesh_due &due)
    {
        return weir_mesh_poll(raw(), now_ms, sized(due));
    }
    /** Sets the clock without time having passed. See weir_mesh_resume. */
    WEIR_CHECK_RESULT weir_status resume(uint64_t now_ms)
    {
        return weir_mesh_resume(raw(), now_ms);
    }
    /** Drops frames from a node, or stops doing so. See weir_mesh_block. */
    WEIR_CHECK_RESULT weir_status block(uint16_t id, bool blocked)
    {
        return weir_mesh_block(raw(), id, blocked);
    }
    /** Says goodbye at the next poll. See weir_mesh_leave. */
    WEIR_CHECK_RESULT weir_status leave()
    {
        return weir_mesh_leave(raw());
    }

    /** Writes own records to be kept over a restart. See weir_mesh_snapshot. */
    WEIR_CHECK_RESULT weir_status snapshot(uint8_t *out, size_t cap, size_t &len)
    {
        return weir_mesh_snapshot(raw(), out, cap, &len);
    }
    /** Takes a snapshot before the first poll. See weir_mesh_restore. */
    WEIR_CHECK_RESULT weir_status restore(const uint8_t *bytes, size_t len)
    {
        return weir_mesh_restore(raw(), bytes, len);
    }
    /** Publishes a signed record. See weir_mesh_record. */
    WEIR_CHECK_RESULT weir_status record(uint8_t kind, uint8_t slot, const uint8_t *bytes,
                                         size_t len)
    {
        return weir_mesh_record(raw(), kind, slot, bytes, len);
    }

    /** Says how many units wait here. See weir_mesh_set_load. */
    WEIR_CHECK_RESULT weir_status set_load(int32_t queued)
    {
        return weir_mesh_set_load(raw(), queued);
    }
    /** Says what ever arrived and was done. See weir_mesh_set_work. */
    WEIR_CHECK_RESULT weir_status set_work(int64_t injected, int64_t done)
    {
        return weir_mesh_set_work(raw(), injected, done);
    }
    /** Sets the weight of this node. See weir_mesh_set_capacity. */
    WEIR_CHECK_RESULT weir_status set_capacity(uint16_t capacity)
    {
        return weir_mesh_set_capacity(raw(), capacity);
    }
    /** Gives the work of this node. See weir_mesh_get_load. */
    WEIR_CHECK_RESULT weir_status get_load(weir_mesh_load &out)
    {
        return weir_mesh_get_load(raw(), sized(out));
    }
    /** Gives what was taken from neighbours since the last call. See weir_mesh_get_received. */
    WEIR_CHECK_RESULT weir_status get_received(int32_t &amount)
    {
        return weir_mesh_get_received(raw(), &amount);
    }

    /** Works out network, circulation and plan. See weir_mesh_settle. */
    WEIR_CHECK_RESULT weir_status settle()
    {
        return weir_mesh_settle(raw(), nullptr);
    }
    /** The same, and says what the records say of the mesh. */
    WEIR_CHECK_RESULT weir_status settle(weir_mesh_state &out)
    {
        return weir_mesh_settle(raw(), sized(out));
    }
    /** Gives what to hand to whom now. See weir_mesh_plan. */
    WEIR_CHECK_RESULT weir_status plan(weir_shipment *out, size_t cap, size_t &count)
    {
        return weir_mesh_plan(raw(), out, cap, &count);
    }
    /** Hands units to a neighbour. See weir_mesh_ship. */
    WEIR_CHECK_RESULT weir_status ship(uint16_t to, uint32_t amount)
    {
        return weir_mesh_ship(raw(), to, amount);
    }

    /** Takes the oldest event. See weir_mesh_next_event. */
    WEIR_CHECK_RESULT weir_status next_event(weir_mesh_event &out)
    {
        return weir_mesh_next_event(raw(), sized(out));
    }
    /** Gives the records one by one. See weir_mesh_next_record. */
    WEIR_CHECK_RESULT weir_status next_record(uint32_t &cursor, weir_record &out)
    {
        return weir_mesh_next_record(raw(), &cursor, sized(out));
    }
    /** Gives one of the radios that were heard. See weir_mesh_get_neighbour. */
    WEIR_CHECK_RESULT weir_status get_neighbour(size_t index, weir_neighbour &out)
    {
        return weir_mesh_get_neighbour(raw(), index, sized(out));
    }
    /** Gives what was counted since init. See weir_mesh_get_stats. */
    WEIR_CHECK_RESULT weir_status get_stats(weir_mesh_stats &out)
    {
        return weir_mesh_get_stats(raw(), sized(out));
    }

  protected:
    constexpr MeshCalls() noexcept
    {
    }
    ~MeshCalls() = default;
};

/** The port of T: functions for C that call the member functions of the T behind `ctx`. */
template <class T> struct Port {
    /** Calls T::transmit. */
    static weir_status transmit(void *ctx, const uint8_t *frame, size_t len)
    {
        return static_cast<T *>(ctx)->transmit(frame, len);
    }
    /** Calls T::entropy. */
    static weir_status entropy(void *ctx, uint8_t *out, size_t len)
    {
        return static_cast<T *>(ctx)->entropy(out, len);
    }
    /** Calls T::sign. */
    template <class U>
    static weir_status sign(void *ctx, const uint8_t *message, size_t len, uint8_t *signature)
    {
        return static_cast<U *>(ctx)->sign(message, len, signature);
    }
    /** Calls T::verify. */
    template <class U>
    static weir_status verify(void *ctx, uint16_t author, const uint8_t *message, size_t len,
                              const uint8_t *signature)
    {
        return static_cast<U *>(ctx)->verify(author, message, len, signature);
    }

    /** Type of `sign` in a port. */
    using Sign = weir_status (*)(void *, const uint8_t *, size_t, uint8_t *);
    /** Type of `verify` in a port. */
    using Verify = weir_status (*)(void *, uint16_t, const uint8_t *, size_t, const uint8_t *);

    /** Preferred where T has a member `sign`: a wrong signature is then an error, not a NULL. */
    template <class U, class Member = decltype(&U::sign)> static constexpr Sign sign_of(U *)
    {
        return &sign<U>;
    }
    /** Otherwise there is no signing. */
    template <class U> static constexpr Sign sign_of(...)
    {
        return nullptr;
    }
    /** Preferred where T has a member `verify`. */
    template <class U, class Member = decltype(&U::verify)> static constexpr Verify verify_of(U *)
    {
        return &verify<U>;
    }
    /** Otherwise signed records are refused. */
    template <class U> static constexpr Verify verify_of(...)
    {
        return nullptr;
    }
};

} // namespace detail

/**
 * The port that calls the member functions of T, a constant: `transmit(frame, len)` and
 * `entropy(out, len)`, and if T has them `sign(message, len, signature)` and
 * `verify(author, message, len, signature)`, all public, not overloaded, returning weir_status.
 * Used with a `ctx` that points to a T. Mesh::start uses it by itself.
 */
template <class T> constexpr weir_mesh_port port()
{
    return weir_mesh_port{ sizeof(weir_mesh_port), &detail::Port<T>::transmit,
                           &detail::Port<T>::entropy,
                           detail::Port<T>::template sign_of<T>(static_cast<T *>(nullptr)),
                           detail::Port<T>::template verify_of<T>(static_cast<T *>(nullptr)) };
}

/** A complex of its own: weir_complex with its storage. One thread at a time. */
template <uint16_t nodes, uint16_t edges, uint16_t triangles, uint16_t fill>
class Complex : public detail::ComplexCalls<WEIR_COMPLEX_BYTES(size_t{ nodes }, size_t{ edges },
                                                               size_t{ triangles }, size_t{ fill })>
{
    static_assert(nodes >= 1, "weir: a complex has at least one node");
    static_assert(edges >= 1 && edges <= 32767, "weir: a complex has 1..=32767 edges");

  public:
    constexpr Complex() noexcept
    {
    }

    /** Starts an empty complex; `flags` as in weir_complex_config, but not WEIR_COMPLEX_FOR_MESH.
     * WEIR_ERR_STATE: started already; otherwise as weir_complex_init. Context: thread. */
    WEIR_CHECK_RESULT weir_status start(uint32_t flags = 0)
    {
        weir_complex_config config = WEIR_COMPLEX_CONFIG_DEFAULT;
        config.flags = flags;
        return start(config);
    }

    /** The same from a config, into which the capacities are written. */
    WEIR_CHECK_RESULT weir_status start(weir_complex_config &config)
    {
        config.max_nodes = nodes;
        config.max_edges = edges;
        config.max_triangles = triangles;
        config.fill = fill;
        return this->init(weir_complex_init, config);
    }
};

/** The complex that serves a mesh; reached as Mesh<...>::Complex. One thread at a time. */
template <uint16_t nodes, uint16_t degree, uint16_t fill>
class MeshComplex : public detail::ComplexCalls<WEIR_MESH_COMPLEX_BYTES(
                        size_t{ nodes }, size_t{ degree }, size_t{ fill })>
{
  public:
    constexpr MeshComplex() noexcept
    {
    }

    /** Starts the complex that a node of this config needs; capacities are written into the
     * config. WEIR_ERR_STATE: started already; otherwise as weir_mesh_complex_config and
     * weir_complex_init. Context: thread. */
    WEIR_CHECK_RESULT weir_status start(weir_mesh_config &config)
    {
        config.max_nodes = nodes;
        config.max_degree = degree;
        config.fill = fill;
        weir_complex_config shape;
        const weir_status status = weir_mesh_complex_config(&config, &shape);
        return status != WEIR_OK ? status : this->init(weir_complex_init, shape);
    }
};

/**
 * A node: weir_mesh with its storage. `nodes`, `degree`, `fill` and `payload` are equal on all
 * nodes of a mesh. One thread at a time; only receive_isr may interrupt, once start has returned.
 */
template <uint16_t nodes, uint16_t degree, uint16_t neighbours, uint16_t inbox_frames,
          uint16_t frame_max, uint16_t fill, uint16_t signed_records = 0, uint16_t payload = 0>
class Mesh : public detail::MeshCalls<detail::mesh_bytes(nodes, degree, neighbours, inbox_frames,
                                                         frame_max, signed_records, payload)>
{
    static_assert(nodes >= 2 && nodes <= 128, "weir: a mesh has 2..=128 nodes");
    static_assert(degree >= 1 && degree <= 46, "weir: a node has 1..=46 links");
    static_assert(neighbours >= degree && neighbours <= 1024, "weir: neighbours are degree..=1024");
    static_assert(inbox_frames >= 1 && inbox_frames <= 1024, "weir: an inbox has 1..=1024 places");
    static_assert(frame_max >= 80 && frame_max <= 1024, "weir: a frame has 80..=1024 bytes");
    static_assert(fill >= 1 && fill <= nodes, "weir: fill is 1..=nodes");
    static_assert(signed_records <= 1024, "weir: at most 1024 signed records");
    static_assert(payload <= 512, "weir: a payload has at most 512 bytes");

  public:
    /** The complex for this node. Declare it before the node, so that it is destroyed after it. */
    using Complex = MeshComplex<nodes, degree, fill>;

    constexpr Mesh() noexcept
    {
    }

    /** Starts the node; capacities are written into the config. WEIR_ERR_STATE: started already;
     * otherwise as weir_mesh_init. Context: thread. */
    WEIR_CHECK_RESULT weir_status start(weir_mesh_config &config)
    {
        config.max_nodes = nodes;
        config.max_degree = degree;
        config.max_neighbours = neighbours;
        config.inbox_frames = inbox_frames;
        config.frame_max = frame_max;
        config.fill = fill;
        config.signed_records = signed_records;
        config.signed_bytes = payload;
        return this->init(weir_mesh_init, config);
    }

    /** The same with `host` as port and ctx: its member functions are called, see weir::port.
     * `host` is borrowed until deinit. */
    template <class Host> WEIR_CHECK_RESULT weir_status start(weir_mesh_config &config, Host &host)
    {
        static constexpr weir_mesh_port table = port<Host>();
        config.port = &table;
        config.ctx = &host;
        return start(config);
    }

    /** Lends a complex to this node, until detach_complex or deinit. See
     * weir_mesh_attach_complex. */
    WEIR_CHECK_RESULT weir_status attach_complex(Complex &lent)
    {
        return weir_mesh_attach_complex(this->raw(), lent.raw());
    }
};

} // namespace weir

#endif // WEIR_HPP
